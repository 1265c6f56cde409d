import type { ModelSession } from '../../runtime/session.ts';

/** What a test does without. */
export const unused = () => Promise.reject(new Error('not part of this test'));

/** Returns a network of its own that is only pointed at, never run. */
export function createUnusedNetwork(): ModelSession {
  return {
    path: 'unet/model.onnx',
    inputs: [],
    outputs: [],
    memoryBytes: 0,
    hasInput: () => true,
    hasOutput: () => true,
    bind: () => unused,
    runForOutput: unused,
    run: unused,
    close: unused,
  };
}

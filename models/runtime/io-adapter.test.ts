import { describe, expect, it } from 'vitest';
import { bindFeeds, resolveInput, resolveOutput } from './io-adapter.ts';
import { float32Tensor, int64Tensor, type TensorInfo } from './tensor.ts';

const sample = float32Tensor([2, 1, 1, 1], Float32Array.of(1, 2));

function graph(timestep: Pick<TensorInfo, 'type' | 'shape'>): readonly TensorInfo[] {
  return [
    { name: 'hidden_states', type: 'float32', shape: ['b', 1, 'h', 'w'] },
    { name: 'timestep', ...timestep },
  ];
}

describe('bindFeeds', () => {
  it('uses the name, type and rank of the graph', () => {
    const timestep = float32Tensor([2], Float32Array.of(981, 981));
    const scalar = bindFeeds({ sample, timestep }, graph({ type: 'int64', shape: [] }));
    expect(scalar.timestep).toEqual({ type: 'int64', shape: [], data: BigInt64Array.of(981n) });
    expect(scalar.hidden_states.data).toBe(sample.data);
    const batched = bindFeeds({ sample, timestep }, graph({ type: 'float16', shape: ['b'] }));
    expect(batched.timestep).toEqual({ type: 'float16', shape: [2], data: Uint16Array.of(0x63aa, 0x63aa) });
  });

  it('refuses different timesteps where the graph takes one', () => {
    const timestep = float32Tensor([2], Float32Array.of(1, 2));
    expect(() => bindFeeds({ sample, timestep }, graph({ type: 'float32', shape: [] }))).toThrow(/one value/);
  });

  it('refuses a fixed size that does not fit', () => {
    const timestep = int64Tensor([3], [1, 1, 1]);
    expect(() => bindFeeds({ sample, timestep }, graph({ type: 'int64', shape: [2] }))).toThrow(
      /takes shape \[2\]/,
    );
  });
});

describe('resolveInput and resolveOutput', () => {
  const outputs: readonly TensorInfo[] = [{ name: 'anything', type: 'float32', shape: [] }];
  it('takes the only output whatever it is called', () => {
    expect(resolveOutput('out_sample', outputs)).toBe('anything');
    expect(
      resolveOutput('out_sample', [...outputs, { name: 'noise_pred', type: 'float32', shape: [] }]),
    ).toBe('noise_pred');
  });

  it('knows an absent input', () => {
    expect(resolveInput('timestep_cond', outputs)).toBeNull();
  });
});

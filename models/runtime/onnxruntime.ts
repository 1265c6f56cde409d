import type * as OnnxRuntime from 'onnxruntime-node';

/** The module, loaded once a process: a native library cannot be loaded twice with other settings. */
let loaded: Promise<typeof OnnxRuntime> | null = null;

/**
 * Loads onnxruntime with its telemetry off.
 *
 * Since 1.29 onnxruntime writes a device id and a telemetry store below the home directory unless
 * ORT_DISABLE_TELEMETRY is set before the native library loads; hence the dynamic import.
 */
export function loadOnnxRuntime(): Promise<typeof OnnxRuntime> {
  // oxlint-disable-next-line node/no-process-env -- the library reads the environment itself; models cannot import platform
  process.env.ORT_DISABLE_TELEMETRY = '1';
  loaded ??= import('onnxruntime-node');
  return loaded;
}

/**
 * Tells whether this process can feed half-precision inputs.
 *
 * onnxruntime-node 1.30 reads zero bytes from a native Float16Array (onnxruntime pull request 32323), and
 * onnxruntime-common turns raw words into one wherever the class exists. Started with `--no-js-float16array`, it does not.
 */
export function supportsHalfInputs(): boolean {
  return !('Float16Array' in globalThis);
}

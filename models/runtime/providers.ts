import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createProbeModel } from './probe-model.ts';
import { loadOnnxRuntime } from './onnxruntime.ts';

/** Execution providers this runtime knows how to ask for, best first. */
export const PROVIDERS = ['cuda', 'coreml', 'dml', 'webgpu', 'cpu'] as const;
export type Provider = (typeof PROVIDERS)[number];

export interface ProviderProbe {
  readonly provider: Provider;
  readonly available: boolean;
  /** Milliseconds for one run of a tiny graph when available, else why not, in one line. */
  readonly detail: string;
}

/** WebGPU is experimental in onnxruntime-node: it is used when asked for, never chosen by itself. */
const AUTOMATIC: readonly Provider[] = ['cuda', 'coreml', 'dml', 'cpu'];

/**
 * Runs a tiny graph on each provider and says what was found.
 *
 * A request for a provider that is not built in is silently dropped by onnxruntime-node (the session then runs on the
 * CPU), and one whose library is missing throws, so neither its lists nor its fallback can be trusted alone.
 */
export async function probeProviders(
  candidates: readonly Provider[] = AUTOMATIC,
): Promise<readonly ProviderProbe[]> {
  const probes: ProviderProbe[] = [];
  for (const provider of candidates) {
    probes.push(await probeProvider(provider));
  }
  return probes;
}

/** Returns the best available provider of a probe; the CPU is always there. */
export function chooseProvider(probes: readonly ProviderProbe[]): Provider {
  return (
    PROVIDERS.find((name) => probes.some((probe) => probe.provider === name && probe.available)) ?? 'cpu'
  );
}

async function probeProvider(provider: Provider): Promise<ProviderProbe> {
  const ort = await loadOnnxRuntime();
  const backend = ort.listSupportedBackends().find((candidate) => candidate.name === provider);
  if (backend === undefined) {
    return { provider, available: false, detail: 'not part of the onnxruntime build for this system' };
  }
  // Asking for it anyway would write a native error to the terminal of everyone without a GPU.
  if (!backend.bundled && !hasProviderLibrary(provider)) {
    return { provider, available: false, detail: 'its library is not installed' };
  }
  try {
    const session = await ort.InferenceSession.create(createProbeModel(), {
      executionProviders: [provider],
      logSeverityLevel: 4,
    });
    try {
      const value = new ort.Tensor('float32', Float32Array.of(1, 2, 3), [3]);
      const start = performance.now();
      const { doubled } = await session.run({ value });
      const elapsed = performance.now() - start;
      const correct = doubled?.data instanceof Float32Array && doubled.data.join() === '2,4,6';
      return correct
        ? { provider, available: true, detail: `${elapsed.toFixed(1)} ms` }
        : { provider, available: false, detail: 'computed a wrong result' };
    } finally {
      await session.release();
    }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { provider, available: false, detail: message.split('\n')[0].slice(0, 200) };
  }
}

/** Tells whether an optional provider's shared library lies beside onnxruntime's own, where its installer puts it. */
function hasProviderLibrary(provider: Provider): boolean {
  const root = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
  const folder = join(root, 'bin/napi-v6', process.platform, process.arch);
  const names = [`libonnxruntime_providers_${provider}.so`, `onnxruntime_providers_${provider}.dll`];
  return names.some((name) => existsSync(join(folder, name)));
}

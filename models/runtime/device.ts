import { totalmem } from 'node:os';
import { chooseProvider, type Provider, type ProviderProbe, probeProviders } from './providers.ts';
import { type DeviceOptions, openSession } from './session.ts';
import { createSessionCache, type SessionCache } from './session-cache.ts';

/** A device that was tried out, with the sessions opened on it. */
export interface Device {
  readonly provider: Provider;
  /** What the probe found, for the log and for `gesso doctor`. */
  readonly probes: readonly ProviderProbe[];
  readonly sessions: SessionCache;
}

/**
 * Probes the machine and returns its best device.
 *
 * `memoryBytes`: how much open sessions may take together; by default half of the machine's memory.
 */
export async function openDevice(
  options: {
    readonly threads?: number;
    readonly memoryBytes?: number;
    readonly onRun?: DeviceOptions['onRun'];
  } = {},
): Promise<Device> {
  const probes = await probeProviders();
  const provider = chooseProvider(probes);
  const { threads = null, memoryBytes = totalmem() / 2, onRun } = options;
  const sessions = createSessionCache({
    budgetBytes: memoryBytes,
    open: (path, patch) => openSession(path, { provider, threads, onRun }, patch),
  });
  return { provider, probes, sessions };
}

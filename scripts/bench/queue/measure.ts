import { readFile } from 'node:fs/promises';
import { childrenOf } from '../../../workers/testing/agent-process.ts';
import { percentile } from '../../queue/playground.ts';

/** One measured figure beside what it should reach. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** As notes and SPEC say it, "" where there is none. */
  readonly target: string;
  readonly isMet: boolean | null;
}

export function atMost(name: string, value: number, limit: number, unit: string): Figure {
  return { name, value: round(value), unit, target: `≤ ${limit}`, isMet: value <= limit };
}

export function atLeast(name: string, value: number, limit: number, unit: string): Figure {
  return { name, value: round(value), unit, target: `≥ ${limit}`, isMet: value >= limit };
}

export function plain(name: string, value: number, unit: string): Figure {
  return { name, value: round(value), unit, target: '', isMet: null };
}

/** p50 and p99 of `values`, in milliseconds. */
export function spread(
  name: string,
  values: readonly number[],
  limits: { readonly p50?: number; readonly p99?: number },
): readonly Figure[] {
  const figure = (share: number, label: string, limit: number | undefined) => {
    const value = percentile(values, share);
    const full = `${name}, ${label} (n ${values.length})`;
    return limit === undefined ? plain(full, value, 'ms') : atMost(full, value, limit, 'ms');
  };
  return [figure(0.5, 'p50', limits.p50), figure(0.99, 'p99', limits.p99)];
}

function round(value: number): number {
  return Math.abs(value) >= 100 ? Math.round(value) : Math.round(value * 100) / 100;
}

export interface Usage {
  /** CPU seconds so far. */
  readonly cpu: number;
  /** Resident bytes now. */
  readonly rss: number;
}

const ticksPerSecond = 100;
const pageBytes = 4_096;

/** CPU and memory of a process and everything below it, from /proc. Shared pages are counted once a process. */
export async function usageOf(pid: number): Promise<Usage> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const own = {
    // With what ended children used (cutime, cstime), or a figure would fall when a backend ends.
    cpu: [11, 12, 13, 14].reduce((sum, i) => sum + Number(fields[i] ?? 0), 0) / ticksPerSecond,
    rss: Number(fields[21] ?? 0) * pageBytes,
  };
  const below = await Promise.all((await childrenOf(pid)).map(usageOf));
  return below.reduce((sum, one) => ({ cpu: sum.cpu + one.cpu, rss: sum.rss + one.rss }), own);
}

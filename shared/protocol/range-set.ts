import type { ClockRange } from './content-ranges.ts';

/** A set of (client, clock) points, kept as sorted, disjoint half-open intervals [from, to) per client. */
export class RangeSet {
  readonly #clients = new Map<number, [number, number][]>();

  get isEmpty(): boolean {
    return this.#clients.size === 0;
  }

  add({ client, clock, length }: ClockRange): void {
    if (length <= 0) return;
    let from = clock;
    let to = clock + length;
    const kept: [number, number][] = [];
    for (const interval of this.#clients.get(client) ?? []) {
      if (interval[1] < from || interval[0] > to) {
        kept.push(interval);
        continue;
      }
      from = Math.min(from, interval[0]);
      to = Math.max(to, interval[1]);
    }
    kept.push([from, to]);
    kept.sort((a, b) => a[0] - b[0]);
    this.#clients.set(client, kept);
  }

  remove({ client, clock, length }: ClockRange): void {
    const from = clock;
    const to = clock + length;
    const kept: [number, number][] = [];
    for (const [start, end] of this.#clients.get(client) ?? []) {
      if (start < from) kept.push([start, Math.min(end, from)]);
      if (end > to) kept.push([Math.max(start, to), end]);
    }
    if (kept.length === 0) this.#clients.delete(client);
    else this.#clients.set(client, kept);
  }

  clear(): void {
    this.#clients.clear();
  }

  /** The points as ranges, for tests and for counting. */
  ranges(): ClockRange[] {
    return [...this.#clients].flatMap(([client, intervals]) =>
      intervals.map(([from, to]) => ({ client, clock: from, length: to - from })),
    );
  }
}

import type { RouterOutputs } from '../../_client/trpc.ts';

/** A generation that waits or runs, with its place. */
export type QueueItem = RouterOutputs['generations']['queue'][number];

/** What a running generation last said of itself. */
export interface LiveProgress {
  readonly step: number;
  readonly steps: number;
  readonly remainingMs: number | null;
  /** Address of a small picture of what it looks like so far. */
  readonly preview: string | null;
}

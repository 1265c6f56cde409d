import type { z } from 'zod';

/** A picture or other file that a task made. */
export interface MadeFile {
  readonly bytes: Uint8Array;
  readonly kind: string;
  readonly mediaType: string;
  readonly width: number | null;
  readonly height: number | null;
}

export interface MadeOutput {
  readonly index: number;
  readonly seed: number;
  readonly file: MadeFile;
  readonly recipe: unknown;
}

/** A picture that a task was given or composed: lineage. */
export interface MadeInput {
  readonly role: 'source' | 'mask' | 'control';
  readonly file: MadeFile;
}

export interface TaskResult {
  readonly outputs: readonly MadeOutput[];
  /** What the outputs were made from, as the task saw it: lineage. */
  readonly inputs: readonly MadeInput[];
  /** Milliseconds of work. */
  readonly durationMs: number;
}

export interface TaskProgress {
  readonly step: number;
  readonly steps: number;
  readonly remainingMs: number | null;
  /** Base64 WebP of at most 64 × 64 pixels and 7,000 characters. */
  readonly preview: string | null;
}

export interface TaskContext {
  /** Aborted when the job is cancelled; looked at between steps. */
  readonly signal: AbortSignal;
  /** Milliseconds of a steady clock. */
  readonly now: () => number;
  /** Also the sign of life for the step watchdog. May be called as often as there are steps. */
  readonly report: (progress: TaskProgress) => void;
}

export interface PacksToWarm {
  readonly ids: readonly string[];
  readonly folders: readonly string[];
  /** Decides how many requests may run at once; null leaves it to what a model gains by it. */
  readonly lanes: number | null;
}

/** How many requests at once an open pack is worth; 1 where sharing gains nothing. */
export interface OpenLanes {
  readonly pack: string;
  readonly lanes: number;
}

/** One kind of work a runner can do. */
export interface Task<Input> {
  readonly name: string;
  readonly schema: z.ZodType<Input>;
  run(input: Input, context: TaskContext): Promise<TaskResult>;
  /** How many `run` at the same time each get done sooner for it, with the pack that is open now; null while none is. */
  lanes(): OpenLanes | null;
  /** Loads what takes long, so that a runner is warm before its first job. `packs`: what it will probably run. */
  warm(packs: PacksToWarm): Promise<void>;
}

/** The request cannot be met, whoever tries again: shown to the person, not retried. */
export class TaskError extends Error {
  override readonly name = 'TaskError';
  readonly code: 'bad_input' | 'unavailable' | 'not_found';
  readonly fix: string;

  constructor(code: TaskError['code'], message: string, fix: string) {
    super(message);
    this.code = code;
    this.fix = fix;
  }
}

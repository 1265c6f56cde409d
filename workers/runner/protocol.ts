import { z } from 'zod';

/**
 * Messages between the agent and a runner, over Node's IPC channel with `advanced` serialisation (bytes travel as bytes).
 * Both sides parse what they receive.
 */
/** A runner's first argument, as JSON: what to load before it counts as ready. */
export const warmUpSchema = z.object({
  task: z.string(),
  packs: z.object({
    ids: z.array(z.string()),
    folders: z.array(z.string()),
    /** Decides how many requests may run at once; null leaves it to what the model gains by it. */
    lanes: z.number().int().min(1).nullable(),
  }),
});
export type WarmUp = z.infer<typeof warmUpSchema>;

export const toRunnerSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('run'), run: z.number().int(), task: z.string(), input: z.unknown() }),
  z.object({ kind: z.literal('cancel'), run: z.number().int() }),
]);
export type ToRunner = z.infer<typeof toRunnerSchema>;

const fileSchema = z.object({
  bytes: z.custom<Uint8Array>((value) => value instanceof Uint8Array),
  kind: z.string(),
  mediaType: z.string(),
  width: z.number().int().nullable(),
  height: z.number().int().nullable(),
});

export const taskResultSchema = z.object({
  outputs: z.array(
    z.object({ index: z.number().int(), seed: z.number().int(), file: fileSchema, recipe: z.unknown() }),
  ),
  inputs: z.array(z.object({ role: z.enum(['source', 'mask', 'control']), file: fileSchema })),
  durationMs: z.number(),
});

export const fromRunnerSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready') }),
  /** So many runs at once of this pack, which is open now, are worth it; of any other, one. */
  z.object({ kind: z.literal('lanes'), pack: z.string(), lanes: z.number().int().min(1) }),
  z.object({
    kind: z.literal('progress'),
    run: z.number().int(),
    step: z.number().int(),
    steps: z.number().int(),
    remainingMs: z.number().nullable(),
    preview: z.string().nullable(),
  }),
  z.object({
    kind: z.literal('done'),
    run: z.number().int(),
    result: taskResultSchema,
    /** Resident memory of the runner after the work, in bytes. */
    rss: z.number(),
  }),
  z.object({ kind: z.literal('cancelled'), run: z.number().int() }),
  z.object({
    kind: z.literal('failed'),
    run: z.number().int(),
    code: z.string(),
    message: z.string(),
    fix: z.string(),
    /** For the log only. */
    detail: z.string(),
  }),
]);
export type FromRunner = z.infer<typeof fromRunnerSchema>;

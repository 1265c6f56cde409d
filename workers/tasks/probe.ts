import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Task } from './task.ts';

const schema = z.object({
  generationId: z.string(),
  /** Steps of `stepMs` milliseconds each. */
  steps: z.number().int().min(1).max(10_000),
  stepMs: z.number().min(0).max(60_000),
});

/** A probe only waits, so it gains nothing; the scripts and tests decide. */
let lanes = 1;

/**
 * A job without a model: waits, hashes, and settles as every other does. It measures the queue and lets faults be tried on
 * it; only workers started with --probe take it, and only the scripts ask for it.
 */
export const probe: Task<z.infer<typeof schema>> = {
  name: 'probe',
  schema,
  warm: (packs) => {
    lanes = packs.lanes ?? 1;
    return Promise.resolve();
  },
  lanes: () => ({ pack: 'probe', lanes }),
  async run(input, { signal, now, report }) {
    const started = now();
    const digest = createHash('sha256').update(input.generationId);
    for (let step = 1; step <= input.steps; step += 1) {
      await sleep(input.stepMs, undefined, { signal });
      digest.update(String(step));
      report({ step, steps: input.steps, remainingMs: (input.steps - step) * input.stepMs, preview: null });
    }
    const bytes = new Uint8Array(digest.digest());
    const file = { bytes, kind: 'probe', mediaType: 'application/octet-stream', width: 1, height: 1 };
    return { outputs: [{ index: 0, seed: 0, file, recipe: {} }], inputs: [], durationMs: now() - started };
  },
};

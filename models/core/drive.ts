import type { Evaluation, Latent, Solver } from './types.ts';

/** Runs a solver to its end on a denoiser that answers at once, and returns the last x. */
export function drive(solver: Solver, denoise: (at: Evaluation) => Latent): Latent {
  let step = solver.next();
  while (!step.done) step = solver.next(denoise(step.value));
  return step.value;
}

/**
 * Runs a solver to its end on a denoiser that takes time, and returns the last x. Between any two evaluations
 * the signal is looked at; an aborted run throws the signal's reason.
 */
export async function driveAsync(
  solver: Solver,
  denoise: (at: Evaluation) => Promise<Latent>,
  signal?: AbortSignal,
): Promise<Latent> {
  let step = solver.next();
  while (!step.done) {
    signal?.throwIfAborted();
    step = solver.next(await denoise(step.value));
  }
  return step.value;
}

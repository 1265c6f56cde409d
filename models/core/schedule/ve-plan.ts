import type { PlanParts } from '../plan.ts';
import type { PlanRequest } from '../types.ts';
import type { FlowSpacing } from './flow.ts';
import { requestedSteps } from './request.ts';
import { spacedTimesteps, type TimestepSpacing } from './timestep-spacing.ts';
import { respacedSigmas, type SigmaTable, sigmaAt, timestepAt } from './vp-sigmas.ts';

const f = Math.fround;

export interface VeOptions {
  readonly className: string;
  readonly table: SigmaTable;
  readonly trainSteps: number;
  readonly timestepSpacing: TimestepSpacing;
  readonly offset: number;
  readonly spacing: FlowSpacing;
  /** The class keeps spaced timesteps in double precision; the others interpolate sigmas at float32 ones. */
  readonly doubleTimesteps?: boolean;
}

export interface VeLevels {
  readonly timesteps: Float64Array;
  /** Without the final one. */
  readonly sigmas: Float64Array;
}

/**
 * Timesteps and sigmas of the k-diffusion family (x = x0 + sigma · noise): spaced timesteps with sigmas
 * interpolated from the table, or sigmas respaced between the same ends with timesteps interpolated back.
 * @param ends other ends of the respaced range than the spaced timesteps give.
 */
export function veLevels(
  options: VeOptions,
  request: PlanRequest,
  ends: { readonly largest?: number | null; readonly smallest?: number | null } = {},
): VeLevels {
  const { table, spacing, trainSteps } = options;
  const rounded = options.doubleTimesteps ? (t: number) => t : f;
  const timesteps = request.timesteps
    ? Float64Array.from(request.timesteps, rounded)
    : spacedTimesteps({
        spacing: options.timestepSpacing,
        count: requestedSteps(request, options.className),
        trainSteps,
        offset: options.offset,
      }).map(rounded);
  const plain = timesteps.map((t) => sigmaAt(table, t));
  if (spacing === 'plain') return { timesteps, sigmas: plain };
  const largest = ends.largest ?? plain[0];
  const smallest = ends.smallest ?? plain[plain.length - 1];
  const sigmas = respacedSigmas(spacing, largest, smallest, plain.length);
  return { timesteps: sigmas.map((sigma) => timestepAt(table, sigma)), sigmas };
}

/** The first x is noise times this: the largest sigma, or where signal is left in x, sqrt(sigma² + 1). */
export function veInitNoise(sigmas: Float64Array, spacing: TimestepSpacing): number {
  const largest = sigmas.reduce((a, b) => Math.max(a, b));
  return spacing === 'leading' ? f(Math.sqrt(f(f(largest * largest) + 1))) : largest;
}

/** What all plans of the family share: level and input scaling by sigma. */
export function veParts(sigmaAtIndex: (index: number) => number): Pick<PlanParts, 'level' | 'inputDivisor'> {
  return {
    level: (index) => ({ alpha: 1, sigma: sigmaAtIndex(index) }),
    inputDivisor(index) {
      const sigma = sigmaAtIndex(index);
      return f(Math.sqrt(f(f(sigma * sigma) + 1)));
    },
  };
}

import { roundHalfEven } from '../math/rounding.ts';
import type { PlanRequest } from '../types.ts';
import { type FlowSpacing, shiftSigma } from './flow.ts';
import { linspace } from './spacing.ts';
import { solverTimesteps, type TimestepSpacing } from './timestep-spacing.ts';
import { respacedSigmas, type SigmaTable, sigmaAt, timestepAt } from './vp-sigmas.ts';

const f = Math.fround;
const NEAR_ONE = 1e-6;

export type TimeShift = 'exponential' | 'linear';
export type FinalSigmas = 'zero' | 'sigma_min';

/** How a DPM-Solver class lays its levels. */
export interface DpmOptions {
  readonly table: SigmaTable;
  readonly trainSteps: number;
  readonly count: number;
  readonly timestepSpacing: TimestepSpacing;
  readonly offset: number;
  readonly spacing: FlowSpacing | 'lu' | 'flow';
  /** Karras and Lu timesteps are rounded to integers, in some classes not under the cosine betas; others are cut. */
  readonly roundTimesteps: boolean;
  readonly final: FinalSigmas;
  /** Timesteps from here up are too noisy to use (`lambda_min_clipped`). */
  readonly lastTimestep: number;
  readonly flowShift: number;
  readonly flowGrid: 'alpha' | 'sigma';
  readonly dynamicShift: TimeShift | null;
}

export interface DpmLevels {
  readonly timesteps: Float64Array;
  /** With the final one, as float32 values. */
  readonly sigmas: Float64Array;
}

/** Levels of the DPM-Solver family (x = alpha · x0 + sigma · noise), given as noise-to-signal ratios, or as flow levels. */
export function dpmLevels(options: DpmOptions, request: PlanRequest): DpmLevels {
  const { table, count, spacing, final } = options;
  if (spacing === 'flow') return flowLevels(options, request);
  const largest = table.sigmas[table.sigmas.length - 1];
  const smallest = table.sigmas[0];
  const last = final === 'zero' ? 0 : smallest;
  if (spacing === 'plain') {
    const timesteps = request.timesteps
      ? Float64Array.from(request.timesteps, Math.trunc)
      : solverTimesteps(
          {
            spacing: options.timestepSpacing,
            count,
            trainSteps: options.trainSteps,
            offset: options.offset,
          },
          options.lastTimestep,
        );
    const sigmas = timesteps.map((t) => sigmaAt(table, t));
    return { timesteps, sigmas: Float64Array.of(...sigmas, last).map(f) };
  }
  const sigmas =
    spacing === 'lu' ? luSigmas(table, count) : respacedSigmas(spacing, largest, smallest, count);
  const exact = sigmas.map((sigma) => timestepAt(table, sigma));
  const rounded = options.roundTimesteps && (spacing === 'karras' || spacing === 'lu');
  const timesteps = exact.map(rounded ? roundHalfEven : Math.trunc);
  return { timesteps, sigmas: Float64Array.of(...sigmas, last).map(f) };
}

/** Lu et al. 2022 (DPM-Solver): straight in lambda = -log sigma. */
function luSigmas({ logSigmas }: SigmaTable, count: number): Float64Array {
  return linspace(logSigmas[logSigmas.length - 1], logSigmas[0], count).map(Math.exp);
}

/**
 * Shifted flow levels; timesteps are the levels times T, cut to integers. Two grids are in use: 1 - alpha with
 * alpha on 1 … 1/T, and sigma itself on 1 … 1/T, whose first level is kept a little below 1 because alpha = 0
 * has no logarithm.
 */
function flowLevels(options: DpmOptions, request: PlanRequest): DpmLevels {
  const { count, trainSteps, dynamicShift: dynamic, final } = options;
  const { mu } = request;
  if (dynamic && mu === undefined) {
    throw new RangeError('use_dynamic_shifting needs mu, from shiftForLength(tokens)');
  }
  const shift = mu === undefined ? options.flowShift : dynamic === 'linear' ? mu : Math.exp(mu);
  const ramp = linspace(1, 1 / trainSteps, count + 1);
  const start = options.flowGrid === 'alpha' ? ramp.map((alpha) => 1 - alpha).reverse() : ramp;
  const own = request.sigmas && Float64Array.from(request.sigmas);
  const sigmas = (own ?? start.slice(0, count)).map((sigma) => shiftSigma(sigma, shift));
  if (Math.abs(sigmas[0] - 1) < NEAR_ONE) sigmas[0] -= NEAR_ONE;
  const last = final === 'zero' ? 0 : sigmas[sigmas.length - 1];
  return {
    timesteps: sigmas.map((sigma) => Math.trunc(sigma * trainSteps)),
    sigmas: Float64Array.of(...sigmas, last).map(f),
  };
}

/** The first timestep whose lambda = log(alpha/sigma) lies below the clip; T when none does. */
export function lastStableTimestep({ logSigmas }: SigmaTable, lambdaMin: number): number {
  let count = logSigmas.length;
  while (count > 1 && -logSigmas[count - 1] < lambdaMin) count--;
  return count;
}

import { roundHalfEven } from '../math/rounding.ts';
import { linspace } from './spacing.ts';

/** How inference timesteps are picked from the training ones: Lin et al. 2024, table 2. */
export type TimestepSpacing = 'linspace' | 'leading' | 'trailing';

export interface SpacingOptions {
  readonly spacing: TimestepSpacing;
  readonly count: number;
  readonly trainSteps: number;
  readonly offset: number;
}

/** The ancestors' rule: `count` points over the whole range, descending, not rounded for linspace. */
export function spacedTimesteps({ spacing, count, trainSteps, offset }: SpacingOptions): Float64Array {
  switch (spacing) {
    case 'linspace':
      return linspace(0, trainSteps - 1, count).reverse();
    case 'leading': {
      const ratio = Math.floor(trainSteps / count);
      return Float64Array.from({ length: count }, (_, i) => (count - 1 - i) * ratio + offset);
    }
    case 'trailing':
      return trailing(trainSteps, trainSteps, count);
  }
}

/** The same, rounded to integers. */
export function integerTimesteps(options: SpacingOptions): Float64Array {
  return spacedTimesteps(options).map(roundHalfEven);
}

/**
 * The rule of the DPM-Solver family: `count` + 1 points, the last (t = 0) left out. Timesteps from
 * `lastTimestep` up are not used where the noise is too strong to be stable.
 */
export function solverTimesteps(
  { spacing, count, trainSteps, offset }: SpacingOptions,
  lastTimestep = trainSteps,
): Float64Array {
  switch (spacing) {
    case 'linspace':
      return linspace(0, lastTimestep - 1, count + 1)
        .map(roundHalfEven)
        .reverse()
        .slice(0, count);
    case 'leading': {
      const ratio = Math.floor(lastTimestep / (count + 1));
      return Float64Array.from({ length: count }, (_, i) => (count - i) * ratio + offset);
    }
    case 'trailing':
      return trailing(lastTimestep, trainSteps, count);
  }
}

/** From `start` down to 1 in steps of trainSteps / count, rounded, minus one. */
function trailing(start: number, trainSteps: number, count: number): Float64Array {
  const ratio = trainSteps / count;
  const length = Math.ceil(start / ratio);
  return Float64Array.from({ length }, (_, i) => roundHalfEven(start - i * ratio) - 1);
}

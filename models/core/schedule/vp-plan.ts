import { makePlan, type PlanParts } from '../plan.ts';
import type { NoiseLevel, Plan } from '../types.ts';
import type { BetaTables } from './betas.ts';

/** x = sqrt(a)·x0 + sqrt(1 - a)·noise at a training timestep; before the first timestep nothing is noisy. */
export function vpLevelAt({ alphasCumprod }: BetaTables, timestep: number): NoiseLevel {
  const a = timestep >= 0 ? alphasCumprod[timestep] : 1;
  return { alpha: Math.sqrt(a), sigma: Math.sqrt(1 - a) };
}

type Parts = Pick<PlanParts, 'className' | 'steps' | 'timesteps' | 'solver' | 'needsRng'>;

/** A plan of the integer-timestep classes, whose x starts as unit noise and goes into the network unscaled. */
export function vpPlan(tables: BetaTables, parts: Parts): Plan {
  const { timesteps } = parts;
  return makePlan({
    ...parts,
    timestepKind: 'int64',
    sigmas: new Float64Array(0),
    initNoiseSigma: 1,
    order: 1,
    level: (index) =>
      index < timesteps.length ? vpLevelAt(tables, timesteps[index]) : { alpha: 1, sigma: 0 },
  });
}

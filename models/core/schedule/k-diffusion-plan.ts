import type { ConfigOf } from '../config/fields.ts';
import { spacingOf } from '../config/flow-fields.ts';
import type { kDiffusionFields } from '../config/k-diffusion-fields.ts';
import { makePlan, type PlanParts } from '../plan.ts';
import type { Plan, PlanRequest } from '../types.ts';
import { levelsOrTable, refuse } from './request.ts';
import { veInitNoise, veLevels, veParts } from './ve-plan.ts';
import { type SigmaTable, timestepAt } from './vp-sigmas.ts';

interface KDiffusionParts extends Pick<PlanParts, 'className' | 'solver' | 'needsRng'> {
  readonly table: SigmaTable;
  /** Sigma of a second evaluation within the step from sigma to next > 0; absent for one evaluation a step. */
  readonly middle?: (sigma: number, next: number) => number;
  /** Timesteps are in double precision, as the class of diffusers has them. */
  readonly doubleTimesteps?: boolean;
}

/**
 * A plan of the k-diffusion samplers, x = x0 + sigma · noise: `sigmas` holds one value for every evaluation, and
 * zero. The last step, to zero, takes a single evaluation.
 */
export function kDiffusionPlan(
  config: ConfigOf<typeof kDiffusionFields>,
  request: PlanRequest,
  { className, table, middle, solver, needsRng, doubleTimesteps }: KDiffusionParts,
): Plan {
  refuse(request, ['sigmas', 'mu', 'originalSteps', 'strength'], className);
  const levels = veLevels(
    {
      className,
      table,
      trainSteps: config.num_train_timesteps,
      timestepSpacing: config.timestep_spacing,
      offset: config.steps_offset,
      spacing: spacingOf(config),
      doubleTimesteps,
    },
    request,
  );
  const steps = levels.sigmas.length;
  const evaluated = Array.from(levels.sigmas).flatMap((sigma, i) =>
    middle && i + 1 < steps ? [sigma, middle(sigma, levels.sigmas[i + 1])] : [sigma],
  );
  const sigmas = levelsOrTable(Float64Array.from([...evaluated, 0], Math.fround), request);
  const timesteps = doubleTimesteps
    ? Float64Array.from(evaluated, (sigma, i) =>
        middle && i % 2 === 1 ? timestepAt(table, sigma) : levels.timesteps[middle ? i / 2 : i],
      )
    : sigmas.slice(0, -1).map((sigma) => Math.fround(timestepAt(table, sigma)));
  return makePlan({
    className,
    steps,
    timesteps,
    timestepKind: doubleTimesteps ? 'float64' : 'float32',
    sigmas,
    initNoiseSigma: veInitNoise(sigmas, config.timestep_spacing),
    order: middle ? 2 : 1,
    ...veParts((index) => sigmas[index]),
    needsRng: needsRng ?? (() => config.eta > 0),
    solver,
  });
}

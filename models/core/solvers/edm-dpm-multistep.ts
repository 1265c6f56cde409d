import { defineScheduler } from '../config/definition.ts';
import { edmMultistepFields } from '../config/edm-fields.ts';
import { boolean, choice, type ConfigOf, number } from '../config/fields.ts';
import { combine2, rotate } from '../math/kernels.ts';
import type { Run } from '../plan.ts';
import { edmPlan } from '../schedule/edm-plan.ts';
import type { Latent, Solver } from '../types.ts';
import { type MultistepOptions, multistepOrder } from './dpm-multistep.ts';
import { levelsOf } from './dpm-state.ts';
import { type DpmAlgorithm, DpmUpdater } from './dpm-update.ts';
import { edmOriginal } from './edm-precondition.ts';
import { limiter, type LimitConfig } from './limits.ts';

const NAME = 'EDMDPMSolverMultistepScheduler';

type Config = ConfigOf<typeof edmMultistepFields>;

interface EdmDpmParts {
  readonly algorithm: DpmAlgorithm;
  readonly limits?: LimitConfig;
  /** Unit noise for the step from evaluation `index`; the deterministic algorithm takes none. */
  readonly noise?: (index: number) => Latent;
}

/**
 * DPM-Solver++ (Lu et al. 2022b, algorithm 2) on x = x0 + sigma · noise with EDM's preconditioning (Karras et al.
 * 2022, table 1).
 */
export function* edmDpmSteps(run: Run, config: Config, parts: EdmDpmParts): Solver {
  const { algorithm, noise } = parts;
  const { x } = run;
  const { sigmas, timesteps } = run.plan;
  const { solver_order: order, solver_type: variant } = config;
  const options: MultistepOptions = {
    form: 've',
    order,
    algorithm,
    variant,
    lowerOrderFinal: config.lower_order_final,
    firstOrderLast: config.euler_at_final || config.final_sigmas_type === 'zero',
  };
  const limit = limiter(parts.limits ?? {}, run);
  const items: Latent[] = Array.from({ length: order }, () => run.buffer());
  const updater = new DpmUpdater(run, {
    algorithm,
    variant,
    levels: levelsOf(run, 've'),
    orderAt: (i) => multistepOrder(options, i, timesteps.length, i - run.begin + 1),
    float32: false,
  });
  for (let i = run.begin; i < run.end; i++) {
    const prediction = yield run.at(i);
    rotate(items);
    const { fromX, fromPrediction } = edmOriginal(config.prediction_type, sigmas[i], config.sigma_data);
    combine2(items[0], fromX, x, fromPrediction, prediction);
    limit?.(items[0]);
    updater.multistep(i, items, noise?.(i) ?? null);
    run.after(i, prediction);
  }
  return x;
}

export const edmDpmMultistep = defineScheduler({
  className: NAME,
  fields: {
    ...edmMultistepFields,
    algorithm_type: choice('dpmsolver++', ['dpmsolver++', 'sde-dpmsolver++']),
    thresholding: boolean(false),
    dynamic_thresholding_ratio: number(0.995),
    sample_max_value: number(1),
  },
  create(config) {
    if (config.solver_order > 3) throw new RangeError('solver_order must be 1, 2 or 3');
    const stochastic = config.algorithm_type === 'sde-dpmsolver++';
    return {
      className: NAME,
      predictionType: config.prediction_type,
      stochastic,
      numTrainTimesteps: config.num_train_timesteps,
      plan: (request) =>
        edmPlan(config, request, {
          className: NAME,
          timestepOf: (sigma) => 0.25 * Math.log(sigma),
          needsRng: () => stochastic,
          solver: (run) =>
            edmDpmSteps(run, config, {
              algorithm: config.algorithm_type,
              limits: config,
              noise: stochastic ? () => run.freshNoise() : undefined,
            }),
        }),
      levelAt: (timestep) => ({ alpha: 1, sigma: Math.exp(4 * timestep) }),
    };
  },
});

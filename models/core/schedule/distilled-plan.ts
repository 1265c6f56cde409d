import { defineScheduler } from '../config/definition.ts';
import { boolean, choice, type ConfigOf, integer, number } from '../config/fields.ts';
import {
  betaFields,
  clipFields,
  LATENT_BETAS,
  tablesOf,
  thresholdFields,
  timestepSpacing,
} from '../config/vp-fields.ts';
import type { Run } from '../plan.ts';
import type { SolveOptions, Solver } from '../types.ts';
import type { BetaTables } from './betas.ts';
import { distilledTimesteps } from './distilled.ts';
import { refuse } from './request.ts';
import { vpLevelAt, vpPlan } from './vp-plan.ts';

const fields = {
  ...betaFields({ ...LATENT_BETAS, schedule: 'scaled_linear' }),
  ...clipFields,
  clip_sample: boolean(false),
  ...thresholdFields,
  original_inference_steps: integer(50, 1),
  set_alpha_to_one: boolean(true),
  steps_offset: integer(0),
  prediction_type: choice('epsilon', ['epsilon', 'sample', 'v_prediction']),
  timestep_spacing: timestepSpacing('leading'),
  timestep_scaling: number(10),
  rescale_betas_zero_snr: boolean(false),
};

/** Configuration of the schedulers of latent consistency and of trajectory consistency models. */
export type DistilledConfig = ConfigOf<typeof fields>;

/** The scheduler of a method that steps through a few of a teacher's timesteps. */
export function defineDistilled(method: {
  readonly className: string;
  readonly stochastic: boolean;
  /** Whether a run of `steps` steps draws noise. */
  readonly needsRng: (options: SolveOptions, steps: number) => boolean;
  readonly solver: (run: Run, config: DistilledConfig, tables: BetaTables) => Solver;
}) {
  const { className, stochastic, needsRng, solver } = method;
  return defineScheduler({
    className,
    fields,
    create(config) {
      const tables = tablesOf(config);
      return {
        className,
        predictionType: config.prediction_type,
        stochastic,
        numTrainTimesteps: config.num_train_timesteps,
        plan(request) {
          refuse(request, ['sigmas', 'sigmaTable', 'mu'], className);
          const timesteps = distilledTimesteps(
            {
              className,
              trainSteps: config.num_train_timesteps,
              originalSteps: config.original_inference_steps,
            },
            request,
          );
          return vpPlan(tables, {
            className,
            steps: timesteps.length,
            timesteps,
            needsRng: (options) => needsRng(options, timesteps.length),
            solver: (run) => solver(run, config, tables),
          });
        },
        levelAt: (timestep) => vpLevelAt(tables, timestep),
      };
    },
  });
}

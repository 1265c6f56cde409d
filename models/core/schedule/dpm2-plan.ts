import { defineScheduler } from '../config/definition.ts';
import { choice, integer } from '../config/fields.ts';
import { spacingFields, spacingOf } from '../config/flow-fields.ts';
import { betaFields, LATENT_BETAS, tablesOf, timestepSpacing } from '../config/vp-fields.ts';
import { makePlan, type Run } from '../plan.ts';
import { vpLevel } from '../prediction.ts';
import type { PredictionType, Solver } from '../types.ts';
import { type Dpm2Levels, dpm2Levels } from './dpm2-levels.ts';
import { refuse } from './request.ts';
import { veInitNoise, veParts } from './ve-plan.ts';
import { sigmaTable } from './vp-sigmas.ts';

/** What tells the two methods with an evaluation in the middle of a step apart. */
export interface Dpm2Method {
  readonly className: string;
  /** Whether a step goes down to sigma_down and fresh noise brings it up again. */
  readonly ancestral: boolean;
  /** Slot of `sigmas_interpol` that holds the level of the odd evaluation `index`. */
  readonly middleSlot: (index: number) => number;
  readonly solver: (run: Run, type: PredictionType, internals: Dpm2Levels['internals']) => Solver;
}

/** The scheduler of such a method: two evaluations a step, on the sigma grid of Karras et al. 2022. */
export function defineDpm2({ className, ancestral, middleSlot, solver }: Dpm2Method) {
  return defineScheduler({
    className,
    fields: {
      ...betaFields(LATENT_BETAS),
      ...spacingFields,
      prediction_type: choice('epsilon', ['epsilon', 'v_prediction']),
      timestep_spacing: timestepSpacing('linspace'),
      steps_offset: integer(0),
    },
    create(config) {
      const spacing = spacingOf(config);
      const table = sigmaTable(tablesOf(config), false);
      return {
        className,
        predictionType: config.prediction_type,
        stochastic: ancestral,
        numTrainTimesteps: config.num_train_timesteps,
        plan(request) {
          refuse(request, ['timesteps', 'sigmas', 'mu', 'originalSteps', 'strength'], className);
          const levels = dpm2Levels(
            {
              className,
              table,
              trainSteps: config.num_train_timesteps,
              timestepSpacing: config.timestep_spacing,
              offset: config.steps_offset,
              spacing,
            },
            request,
            ancestral,
          );
          const { sigmas, internals } = levels;
          const { sigmas_interpol: middle } = internals;
          return makePlan({
            className,
            steps: (levels.timesteps.length + 1) / 2,
            timesteps: levels.timesteps,
            timestepKind: 'float32',
            sigmas,
            initNoiseSigma: veInitNoise(sigmas, config.timestep_spacing),
            order: 2,
            internals,
            ...veParts((index) => (index % 2 === 0 ? sigmas[index] : middle[middleSlot(index)])),
            ...(ancestral ? { needsRng: () => true } : {}),
            solver: (run) => solver(run, config.prediction_type, internals),
          });
        },
        levelAt: (timestep) => vpLevel(table.sigmas[timestep]),
      };
    },
  });
}

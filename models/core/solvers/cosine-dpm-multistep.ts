import { defineScheduler } from '../config/definition.ts';
import { edmMultistepFields } from '../config/edm-fields.ts';
import { choice, number } from '../config/fields.ts';
import type { Run } from '../plan.ts';
import { BrownianNoise } from '../random/brownian-tree.ts';
import { edmPlan } from '../schedule/edm-plan.ts';
import type { Latent } from '../types.ts';
import { edmDpmSteps } from './edm-dpm-multistep.ts';

const NAME = 'CosineDPMSolverMultistepScheduler';

function noiseOf(
  run: Run,
  { sigma_min: sigmaMin, sigma_max: sigmaMax }: { readonly sigma_min: number; readonly sigma_max: number },
): (index: number) => Latent {
  const { noiseSeed } = run.options;
  if (noiseSeed === undefined) return () => run.freshNoise();
  const { sigmas } = run.plan;
  const noise = new BrownianNoise({ sigmaMin, sigmaMax, seed: noiseSeed, like: run.x });
  return (index) => noise.between(sigmas[index], sigmas[index + 1]);
}

/**
 * Stable Audio's solver (Evans et al. 2024): the stochastic DPM-Solver++ of Lu et al. 2022b, appendix B, on EDM's
 * sigmas with the cosine noise condition t = 2/pi · atan(sigma). With `noiseSeed` its noise is the reference's Brownian tree
 * between sigma_min and sigma_max; without, it is drawn step by step, which differs in the stream alone, because increments
 * of Brownian motion over disjoint steps are independent.
 */
export const cosineDpmMultistep = defineScheduler({
  className: NAME,
  fields: {
    ...edmMultistepFields,
    sigma_min: number(0.3),
    sigma_max: number(500),
    sigma_data: number(1),
    sigma_schedule: choice('exponential', ['karras', 'exponential']),
    prediction_type: choice('v_prediction', ['epsilon', 'v_prediction']),
  },
  create(config) {
    if (config.solver_order > 2) throw new RangeError('solver_order must be 1 or 2');
    const plan = (steps: Parameters<typeof edmPlan>[1]) =>
      edmPlan(config, steps, {
        className: NAME,
        timestepOf: (sigma) => (Math.atan(sigma) / Math.PI) * 2,
        needsRng: ({ noiseSeed }) => noiseSeed === undefined,
        solver(run) {
          if (config.final_sigmas_type === 'sigma_min') {
            throw new RangeError(
              `${NAME} with final_sigmas_type sigma_min ends in a step of no length, which divides by zero: use zero`,
            );
          }
          return edmDpmSteps(run, config, { algorithm: 'sde-dpmsolver++', noise: noiseOf(run, config) });
        },
      });
    return {
      className: NAME,
      predictionType: config.prediction_type,
      stochastic: true,
      numTrainTimesteps: config.num_train_timesteps,
      plan,
      levelAt: (timestep) => ({ alpha: 1, sigma: Math.tan((timestep * Math.PI) / 2) }),
    };
  },
});

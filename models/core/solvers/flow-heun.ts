import { defineScheduler } from '../config/definition.ts';
import { integer, number } from '../config/fields.ts';
import { combine2, combine3, scale } from '../math/kernels.ts';
import { makePlan, type Run } from '../plan.ts';
import { shiftSigma, uniformFlowSigmas } from '../schedule/flow.ts';
import { levelsOrTable, refuse, requestedSteps } from '../schedule/request.ts';
import { duplicateInner } from '../schedule/duplicate.ts';
import type { Solver } from '../types.ts';
import { churnedSigma } from './churn.ts';

const NAME = 'FlowMatchHeunDiscreteScheduler';
const f = Math.fround;

/**
 * Heun's second-order method on rectified flow (Karras et al. 2022, algorithm 1, on the paths of Esser et al.
 * 2024): an Euler step, the velocity at its end, and a second try with the mean of both. The last step, to
 * level zero, is Euler's.
 */
function* heunSteps(run: Run): Solver {
  const { x } = run;
  const { sigmas } = run.plan;
  const start = run.buffer();
  const firstSlope = run.buffer();
  let dt = 0;
  for (let i = run.begin; i < run.end; i++) {
    const velocity = yield run.at(i);
    if (i % 2 === 0) {
      const hat = churnedSigma(run, sigmas[i]);
      dt = sigmas[i + 1] - hat;
      scale(firstSlope, sigmas[i] / hat, velocity);
      start.set(x);
      combine2(x, 1, x, dt, firstSlope);
    } else {
      combine3(x, 1, start, dt / 2, firstSlope, dt / 2, velocity);
    }
    run.after(i, velocity);
  }
  return x;
}

export const flowHeun = defineScheduler({
  className: NAME,
  fields: { num_train_timesteps: integer(1000, 1), shift: number(1) },
  create(config) {
    const trainSteps = config.num_train_timesteps;
    return {
      className: NAME,
      predictionType: 'flow_prediction',
      stochastic: false,
      numTrainTimesteps: trainSteps,
      plan(request) {
        refuse(request, ['timesteps', 'sigmas', 'mu', 'originalSteps', 'strength'], NAME);
        const steps = requestedSteps(request, NAME);
        const levels = uniformFlowSigmas(trainSteps, config.shift, steps).map((sigma) =>
          f(shiftSigma(sigma, config.shift)),
        );
        const sigmas = levelsOrTable(duplicateInner(Float64Array.of(...levels, 0)), request);
        return makePlan({
          className: NAME,
          steps,
          timesteps: duplicateInner(
            levels.map((sigma) => f(sigma * trainSteps)),
            true,
          ),
          timestepKind: 'float32',
          sigmas,
          initNoiseSigma: 1,
          order: 2,
          level: (index) => ({ alpha: 1 - sigmas[index], sigma: sigmas[index] }),
          needsRng: (options) => (options.churn?.amount ?? 0) > 0,
          solver: heunSteps,
        });
      },
      levelAt: (timestep) => ({ alpha: 1 - timestep / trainSteps, sigma: timestep / trainSteps }),
    };
  },
});

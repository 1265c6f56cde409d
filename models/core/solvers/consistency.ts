import { defineScheduler } from '../config/definition.ts';
import { boolean, type ConfigOf, integer, number } from '../config/fields.ts';
import { clamp, combine2 } from '../math/kernels.ts';
import { makePlan, type Run } from '../plan.ts';
import { levelsOrTable, refuse, requestedSteps } from '../schedule/request.ts';
import type { Plan, PlanRequest, Solver } from '../types.ts';

const NAME = 'CMStochasticIterativeScheduler';
const f = Math.fround;

const fields = {
  num_train_timesteps: integer(40, 1),
  sigma_min: number(0.002),
  sigma_max: number(80),
  sigma_data: number(0.5),
  s_noise: number(1),
  rho: number(7),
  clip_denoised: boolean(true),
};

type Config = ConfigOf<typeof fields>;

/**
 * Multistep consistency sampling (Song et al. 2023, algorithm 1): jump to x0 by the consistency function, whose
 * boundary condition (appendix C) makes it the identity at sigma_min, then noise it again to the next sigma.
 */
function* consistencySteps(run: Run, config: Config): Solver {
  const { x, plan } = run;
  const { sigma_min: least, sigma_max: most, sigma_data: data } = config;
  for (let i = run.begin; i < run.end; i++) {
    const prediction = yield run.at(i);
    const sigma = plan.sigmas[i];
    const skip = data ** 2 / ((sigma - least) ** 2 + data ** 2);
    const out = ((sigma - least) * data) / Math.sqrt(sigma ** 2 + data ** 2);
    combine2(x, skip, x, out, prediction);
    if (config.clip_denoised) clamp(x, 1);
    if (plan.timesteps.length > 1) {
      const next = Math.min(Math.max(plan.sigmas[i + 1], least), most);
      const added = config.s_noise * Math.sqrt(Math.max(next ** 2 - least ** 2, 0));
      combine2(x, 1, x, added, run.freshNoise());
    }
    run.after(i, prediction);
  }
  return x;
}

function plan(config: Config, request: PlanRequest): Plan {
  refuse(request, ['sigmas', 'mu', 'originalSteps', 'strength'], NAME);
  const trainSteps = config.num_train_timesteps;
  const picks = request.timesteps ?? evenPicks(trainSteps, requestedSteps(request, NAME));
  const top = config.sigma_max ** (1 / config.rho);
  const bottom = config.sigma_min ** (1 / config.rho);
  const levels = Array.from(picks, (_, i) => {
    const ramp = picks[picks.length - 1 - i] / (trainSteps - 1);
    return (top + ramp * (bottom - top)) ** config.rho;
  });
  const sigmas = levelsOrTable(Float64Array.from([...levels, config.sigma_min], f), request);
  const { sigma_data: data } = config;
  return makePlan({
    className: NAME,
    steps: levels.length,
    timesteps: Float64Array.from(levels, (sigma) => 250 * Math.log(sigma + 1e-44)),
    timestepKind: 'float64',
    sigmas,
    initNoiseSigma: config.sigma_max,
    order: 1,
    level: (index) => ({ alpha: 1, sigma: sigmas[index] }),
    inputDivisor: (index) => Math.sqrt(sigmas[index] ** 2 + data ** 2),
    needsRng: () => levels.length > 1,
    solver: (run) => consistencySteps(run, config),
  });
}

/** Positions in the training grid, noisiest first: (n-1)·r … 0 with r = T/n rounded down. */
function evenPicks(trainSteps: number, steps: number): number[] {
  if (steps > trainSteps) {
    throw new RangeError(`${NAME} has ${trainSteps} timesteps, ${steps} steps were asked for`);
  }
  const ratio = Math.floor(trainSteps / steps);
  return Array.from({ length: steps }, (_, i) => (steps - 1 - i) * ratio);
}

export const consistency = defineScheduler({
  className: NAME,
  fields,
  create: (config) => ({
    className: NAME,
    predictionType: 'sample',
    stochastic: true,
    numTrainTimesteps: config.num_train_timesteps,
    plan: (request) => plan(config, request),
    levelAt(timestep) {
      const sigma = Math.exp(timestep / 250);
      return { alpha: 1, sigma };
    },
  }),
});

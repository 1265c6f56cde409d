import { defineScheduler } from '../config/definition.ts';
import { boolean, choice, type ConfigOf, integer, number, optional } from '../config/fields.ts';
import { spacingFields, spacingOf } from '../config/flow-fields.ts';
import { betaFields, DDPM_BETAS, tablesOf, timestepSpacing } from '../config/vp-fields.ts';
import { combine2 } from '../math/kernels.ts';
import { makePlan, type Run } from '../plan.ts';
import { toOriginalVe, vpLevel } from '../prediction.ts';
import { levelsOrTable, refuse } from '../schedule/request.ts';
import { linspaceFloat32 } from '../schedule/betas.ts';
import { veInitNoise, veLevels, veParts } from '../schedule/ve-plan.ts';
import { type SigmaTable, sigmaTable, timestepAt } from '../schedule/vp-sigmas.ts';
import type { Latent, Plan, PlanRequest, PredictionType, Solver } from '../types.ts';
import { churnedSigma } from './churn.ts';

const NAME = 'EulerDiscreteScheduler';
const f = Math.fround;

const fields = {
  ...betaFields(DDPM_BETAS),
  prediction_type: choice('epsilon', ['epsilon', 'sample', 'v_prediction']),
  interpolation_type: choice('linear', ['linear', 'log_linear']),
  ...spacingFields,
  sigma_min: optional(number(0)),
  sigma_max: optional(number(0)),
  timestep_spacing: timestepSpacing('linspace'),
  timestep_type: choice('discrete', ['discrete', 'continuous']),
  steps_offset: integer(0),
  rescale_betas_zero_snr: boolean(false),
  final_sigmas_type: choice('zero', ['zero', 'sigma_min']),
};

type Config = ConfigOf<typeof fields>;

/**
 * Euler's method on the probability-flow ODE in the form x = x0 + sigma · noise (Karras et al. 2022,
 * algorithm 2 without the second-order correction; churn as there): d = (x - x0)/sigma, x ← x + (sigma' - sigma)·d.
 */
function* eulerSteps(run: Run, type: PredictionType): Solver {
  const { x } = run;
  const { sigmas } = run.plan;
  for (let i = run.begin; i < run.end; i++) {
    const prediction = yield run.at(i);
    const hat = churnedSigma(run, sigmas[i]);
    if (type === 'epsilon' && hat === sigmas[i]) epsilonStep(x, prediction, hat, sigmas[i + 1] - hat);
    else {
      // A churned x is read at its raised level, except that v keeps the level it was predicted at.
      const { fromX, fromPrediction } = toOriginalVe(type, type === 'v_prediction' ? sigmas[i] : hat);
      const dt = sigmas[i + 1] - hat;
      combine2(x, 1 + ((1 - fromX) * dt) / hat, x, (-fromPrediction * dt) / hat, prediction);
    }
    run.after(i, prediction);
  }
  return x;
}

/** x0 = x - s·m; d = (x - x0)/s; x + d·dt, each operation rounded as float32 tensors round it. */
function epsilonStep(x: Latent, m: Latent, sigma: number, dt: number): void {
  if (x instanceof Float32Array) {
    const step = f(dt);
    for (let i = 0; i < x.length; i++) {
      const value = f(x[i]);
      const x0 = f(value - f(sigma * m[i]));
      x[i] = value + f(f(f(value - x0) / sigma) * step);
    }
  } else {
    for (let i = 0; i < x.length; i++) x[i] += m[i] * dt;
  }
}

function plan(config: Config, table: SigmaTable, request: PlanRequest): Plan {
  refuse(request, ['mu', 'originalSteps', 'strength'], NAME);
  const levels = request.sigmas ? ownLevels(request.sigmas, table) : computedLevels(config, table, request);
  const sigmas = levelsOrTable(levels.sigmas.map(f), request);
  const continuous = config.timestep_type === 'continuous' && config.prediction_type === 'v_prediction';
  const count = levels.timesteps.length;
  const timesteps = continuous
    ? sigmas.slice(0, count).map((sigma) => f(0.25 * f(Math.log(sigma))))
    : levels.timesteps.map(f);
  return makePlan({
    className: NAME,
    steps: count,
    timesteps,
    timestepKind: 'float32',
    sigmas,
    initNoiseSigma: veInitNoise(sigmas, config.timestep_spacing),
    order: 1,
    ...veParts((index) => sigmas[index]),
    needsRng: (options) => (options.churn?.amount ?? 0) > 0,
    solver: (run) => eulerSteps(run, config.prediction_type),
  });
}

interface Levels {
  readonly timesteps: Float64Array;
  readonly sigmas: Float64Array;
}

function ownLevels(own: readonly number[], table: SigmaTable): Levels {
  const sigmas = Float64Array.from(own, f);
  return { sigmas, timesteps: sigmas.slice(0, -1).map((sigma) => timestepAt(table, sigma)) };
}

function computedLevels(config: Config, table: SigmaTable, request: PlanRequest): Levels {
  const logLinear = config.interpolation_type === 'log_linear';
  const smallest = table.sigmas[0];
  const largest = table.sigmas[table.sigmas.length - 1];
  const { timesteps, sigmas } = veLevels(
    {
      className: NAME,
      table,
      trainSteps: config.num_train_timesteps,
      timestepSpacing: config.timestep_spacing,
      offset: config.steps_offset,
      spacing: spacingOf(config),
    },
    request,
    {
      largest: config.sigma_max ?? (logLinear ? largest : null),
      smallest: config.sigma_min ?? (logLinear ? smallest : null),
    },
  );
  const last = config.final_sigmas_type === 'zero' ? 0 : smallest;
  if (!logLinear || spacingOf(config) !== 'plain') {
    return { timesteps, sigmas: Float64Array.of(...sigmas, last) };
  }
  // The reference lays these over the whole table, one more than there are timesteps.
  const even = linspaceFloat32(Math.log(largest), Math.log(smallest), sigmas.length + 1);
  return { timesteps, sigmas: Float64Array.of(...even.map(Math.exp), last) };
}

export const euler = defineScheduler({
  className: NAME,
  fields,
  create(config) {
    spacingOf(config);
    const table = sigmaTable(tablesOf(config), config.rescale_betas_zero_snr);
    return {
      className: NAME,
      predictionType: config.prediction_type,
      stochastic: false,
      numTrainTimesteps: config.num_train_timesteps,
      plan: (request) => plan(config, table, request),
      levelAt: (timestep) => vpLevel(table.sigmas[timestep]),
    };
  },
});

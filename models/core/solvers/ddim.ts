import { defineScheduler } from '../config/definition.ts';
import { boolean, choice, type ConfigOf, integer } from '../config/fields.ts';
import {
  betaFields,
  clipFields,
  DDPM_BETAS,
  tablesOf,
  thresholdFields,
  timestepSpacing,
} from '../config/vp-fields.ts';
import { combine2, combine3 } from '../math/kernels.ts';
import type { Run } from '../plan.ts';
import { toNoise, toOriginal } from '../prediction.ts';
import type { BetaTables } from '../schedule/betas.ts';
import { refuse, requestedSteps } from '../schedule/request.ts';
import { integerTimesteps } from '../schedule/timestep-spacing.ts';
import { vpLevelAt, vpPlan } from '../schedule/vp-plan.ts';
import type { PlanRequest, Solver } from '../types.ts';
import { limiter } from './limits.ts';

const NAME = 'DDIMScheduler';

const fields = {
  ...betaFields(DDPM_BETAS),
  ...clipFields,
  ...thresholdFields,
  set_alpha_to_one: boolean(true),
  steps_offset: integer(0),
  prediction_type: choice('epsilon', ['epsilon', 'sample', 'v_prediction']),
  timestep_spacing: timestepSpacing('leading'),
  rescale_betas_zero_snr: boolean(false),
};

type Config = ConfigOf<typeof fields>;

/**
 * DDIM (Song, Meng and Ermon 2021, equations 12 and 16): x' = sqrt(a')·x0 + sqrt(1 - a' - s²)·noise + s·fresh, with
 * s = eta·sqrt((1 - a')/(1 - a))·sqrt(1 - a/a'). eta = 0 is deterministic, eta = 1 is DDPM.
 */
function* ddimSteps(run: Run, config: Config, { alphasCumprod }: BetaTables): Solver {
  const { x, options } = run;
  const { eta = 0, useClippedPrediction = false } = options;
  const limit = limiter(config, run);
  const x0 = run.buffer();
  const noise = run.buffer();
  const isSample = config.prediction_type === 'sample';
  const table = ddimFactors(run, { config, alphasCumprod, eta });
  for (let i = run.begin; i < run.end; i++) {
    const prediction = yield run.at(i);
    const at = WIDTH * i;
    combine2(x0, table[at], x, table[at + 1], prediction);
    if (isSample) combine2(noise, table[at + 4], x, table[at + 5], x0);
    else combine2(noise, table[at + 2], x, table[at + 3], prediction);
    limit?.(x0);
    if (useClippedPrediction) combine2(noise, table[at + 4], x, table[at + 5], x0);
    if (eta > 0) combine3(x, table[at + 6], x0, table[at + 7], noise, table[at + 8], run.freshNoise());
    else combine2(x, table[at + 6], x0, table[at + 7], noise);
    run.after(i, prediction);
  }
  return x;
}

const WIDTH = 9;

/**
 * For every evaluation: x0 from x and the prediction, noise from x and the prediction, noise from x and x0, and the next x
 * from x0, noise and fresh noise. Worked out when the run begins, so that a step allocates nothing.
 */
function ddimFactors(
  run: Run,
  parts: {
    readonly config: Config;
    readonly alphasCumprod: BetaTables['alphasCumprod'];
    readonly eta: number;
  },
): Float64Array {
  const { config, alphasCumprod, eta } = parts;
  const { timesteps, steps } = run.plan;
  const stride = Math.floor(config.num_train_timesteps / steps);
  const final = config.set_alpha_to_one ? 1 : alphasCumprod[0];
  const table = new Float64Array(WIDTH * run.end);
  for (let i = run.begin; i < run.end; i++) {
    const t = timesteps[i];
    const a = alphasCumprod[t];
    const aNext = t - stride >= 0 ? alphasCumprod[t - stride] : final;
    const alpha = Math.sqrt(a);
    const sigma = Math.sqrt(1 - a);
    const original = toOriginal(config.prediction_type, alpha, sigma);
    const direction = toNoise(config.prediction_type, alpha, sigma);
    const variance = ((1 - aNext) / (1 - a)) * (1 - a / aNext);
    const fresh = eta * Math.sqrt(variance);
    const along = Math.sqrt(1 - aNext - fresh ** 2);
    table.set(
      [
        original.fromX,
        original.fromPrediction,
        direction.fromX,
        direction.fromPrediction,
        1 / sigma,
        -alpha / sigma,
        Math.sqrt(aNext),
        along,
        fresh,
      ],
      WIDTH * i,
    );
  }
  return table;
}

export const ddim = defineScheduler({
  className: NAME,
  fields,
  create(config) {
    const tables = tablesOf(config);
    return {
      className: NAME,
      predictionType: config.prediction_type,
      stochastic: false,
      numTrainTimesteps: config.num_train_timesteps,
      plan(request: PlanRequest) {
        refuse(request, ['timesteps', 'sigmas', 'sigmaTable', 'mu', 'originalSteps', 'strength'], NAME);
        const steps = requestedSteps(request, NAME);
        if (steps > config.num_train_timesteps) {
          throw new RangeError(
            `${NAME} has ${config.num_train_timesteps} timesteps, ${steps} steps were asked for`,
          );
        }
        return vpPlan(tables, {
          className: NAME,
          steps,
          timesteps: integerTimesteps({
            spacing: config.timestep_spacing,
            count: steps,
            trainSteps: config.num_train_timesteps,
            offset: config.steps_offset,
          }),
          needsRng: (options) => (options.eta ?? 0) > 0,
          solver: (run) => ddimSteps(run, config, tables),
        });
      },
      levelAt: (timestep) => vpLevelAt(tables, timestep),
    };
  },
});

import { defineScheduler } from '../config/definition.ts';
import { boolean, choice, type ConfigOf, integer } from '../config/fields.ts';
import { betaFields, DDPM_BETAS, tablesOf, timestepSpacing } from '../config/vp-fields.ts';
import { combine, combine2, scale } from '../math/kernels.ts';
import type { Run } from '../plan.ts';
import type { BetaTables } from '../schedule/betas.ts';
import { refuse, requestedSteps } from '../schedule/request.ts';
import { integerTimesteps } from '../schedule/timestep-spacing.ts';
import { vpLevelAt, vpPlan } from '../schedule/vp-plan.ts';
import type { Latent, Solver } from '../types.ts';

const NAME = 'PNDMScheduler';

const fields = {
  ...betaFields(DDPM_BETAS),
  skip_prk_steps: boolean(false),
  set_alpha_to_one: boolean(false),
  prediction_type: choice('epsilon', ['epsilon', 'v_prediction']),
  timestep_spacing: timestepSpacing('leading'),
  steps_offset: integer(0),
};

type Config = ConfigOf<typeof fields>;

/** Weights of Adams and Bashforth on equal steps, newest first, by how many predictions are known. */
const ADAMS = [
  [1],
  [3 / 2, -1 / 2],
  [23 / 12, -16 / 12, 5 / 12],
  [55 / 24, -59 / 24, 37 / 24, -9 / 24],
] as const;
const RUNGE_KUTTA = [1 / 6, 1 / 3, 1 / 3, 1 / 6] as const;

/** The timesteps of a plan and how many of the first belong to Runge–Kutta steps. */
interface PndmTimesteps {
  readonly all: Float64Array;
  readonly warmup: number;
}

/**
 * PNDM (Liu et al. 2022, algorithm 2 and equations 11 to 13): pseudo Runge–Kutta steps to get started, then the
 * pseudo linear multistep method. With `skip_prk_steps` (PLMS) the start is Heun's: the second timestep is
 * evaluated twice.
 */
function* pndmSteps(run: Run, config: Config, { alphasCumprod }: BetaTables, warmup: number): Solver {
  const { x, plan } = run;
  const { timesteps } = plan;
  const trainSteps = config.num_train_timesteps;
  const stride = Math.floor(trainSteps / plan.steps);
  const final = config.set_alpha_to_one ? 1 : alphasCumprod[0];
  const past: Latent[] = [];
  const start = run.buffer();
  const sum = run.buffer();
  const mixed = run.buffer();
  const spare: Latent[] = Array.from({ length: 5 }, () => run.buffer());

  /** PNDM's transfer, equation 11: x at `to` from `from` at t with noise prediction m. */
  const transfer = (from: Latent, t: number, to: number, m: Latent) => {
    const a = alphasCumprod[t];
    const aNext = to >= 0 ? alphasCumprod[to] : final;
    const denominator = a * Math.sqrt(1 - aNext) + Math.sqrt(a * (1 - a) * aNext);
    let onX = Math.sqrt(aNext / a);
    let onM = -(aNext - a) / denominator;
    if (config.prediction_type === 'v_prediction') {
      onX += onM * Math.sqrt(1 - a);
      onM *= Math.sqrt(a);
    }
    combine2(x, onX, from, onM, m);
  };
  /** Puts a copy of m in front of the known predictions, at most four. */
  const remember = (m: Latent) => {
    const copy = past.length === 4 ? past.pop() : spare.pop();
    if (!copy) return;
    copy.set(m);
    past.unshift(copy);
  };

  for (let i = run.begin; i < run.end; i++) {
    const prediction = yield run.at(i);
    const counter = i - run.begin;
    if (counter < warmup) {
      const stage = counter % 4;
      if (stage === 0) {
        remember(prediction);
        start.set(x);
        scale(sum, RUNGE_KUTTA[0], prediction);
      } else combine2(sum, 1, sum, RUNGE_KUTTA[stage], prediction);
      const t = timesteps[run.begin + counter - stage];
      const to = timesteps[i] - (stage % 2 === 1 ? 0 : Math.floor(stride / 2));
      transfer(start, t, stage === 3 ? timesteps[i] : to, stage === 3 ? sum : prediction);
    } else if (config.skip_prk_steps && counter === 1) {
      combine2(mixed, 0.5, prediction, 0.5, past[0]);
      transfer(start, timesteps[i] + stride, timesteps[i], mixed);
    } else {
      remember(prediction);
      if (config.skip_prk_steps && counter === 0) start.set(x);
      combine(mixed, past.length, ADAMS[past.length - 1], past);
      transfer(x, timesteps[i], timesteps[i] - stride, mixed);
    }
    run.after(i, prediction);
  }
  return x;
}

/** PLMS repeats the second timestep; Runge–Kutta evaluates four times in each of the first three steps. */
function pndmTimesteps(config: Config, steps: number): PndmTimesteps {
  const descending = Array.from(
    integerTimesteps({
      spacing: config.timestep_spacing,
      count: steps,
      trainSteps: config.num_train_timesteps,
      offset: config.steps_offset,
    }),
  );
  if (config.skip_prk_steps) {
    const repeated = steps > 1 ? [descending[0], descending[1], ...descending.slice(1)] : descending;
    return { all: Float64Array.from(repeated), warmup: 0 };
  }
  if (steps < 4) throw new RangeError('PNDM without skip_prk_steps needs at least 4 steps');
  const half = Math.floor(Math.floor(config.num_train_timesteps / steps) / 2);
  const ascending = [...descending].reverse();
  const points = ascending.slice(-4).flatMap((t) => [t, t + half]);
  const warmup = points
    .slice(0, -1)
    .flatMap((t) => [t, t])
    .slice(1, -1)
    .reverse();
  return { all: Float64Array.from([...warmup, ...descending.slice(3)]), warmup: warmup.length };
}

export const pndm = defineScheduler({
  className: NAME,
  fields,
  create(config) {
    const tables = tablesOf(config);
    return {
      className: NAME,
      predictionType: config.prediction_type,
      stochastic: false,
      numTrainTimesteps: config.num_train_timesteps,
      plan(request) {
        refuse(request, ['timesteps', 'sigmas', 'sigmaTable', 'mu', 'originalSteps', 'strength'], NAME);
        const steps = requestedSteps(request, NAME);
        const { all, warmup } = pndmTimesteps(config, steps);
        return vpPlan(tables, {
          className: NAME,
          steps,
          timesteps: all,
          solver: (run) => pndmSteps(run, config, tables, warmup),
        });
      },
      levelAt: (timestep) => vpLevelAt(tables, timestep),
    };
  },
});

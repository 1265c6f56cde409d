import { defineScheduler } from '../config/definition.ts';
import type { ConfigOf } from '../config/fields.ts';
import { flowEulerFields, spacingOf } from '../config/flow-fields.ts';
import { addScaledRounded, combine3 } from '../math/kernels.ts';
import { makePlan, type Run } from '../plan.ts';
import {
  dynamicShift,
  dynamicShiftFloat32,
  respace,
  shiftSigma,
  shiftSigmaFloat32,
  stretchToTerminal,
  uniformFlowSigmas,
} from '../schedule/flow.ts';
import { levelsOrTable, refuse, requestedSteps } from '../schedule/request.ts';
import type { Plan, PlanRequest, Solver } from '../types.ts';

const NAME = 'FlowMatchEulerDiscreteScheduler';
const f = Math.fround;

/**
 * Euler's method on the straight paths of rectified flow (Liu, Gong and Liu 2023, equation 1; Lipman et al.
 * 2023, equation 22; for pictures Esser et al. 2024): x = (1 - s)·x0 + s·noise, the network predicts
 * v = noise - x0, and x ← x + (s' - s)·v.
 */
function* eulerSteps(run: Run): Solver {
  const { x } = run;
  const { sigmas } = run.plan;
  for (let i = run.begin; i < run.end; i++) {
    const velocity = yield run.at(i);
    addScaledRounded(x, sigmas[i + 1] - sigmas[i], velocity);
    run.after(i, velocity);
  }
  return x;
}

/** Jumps to x0 and noises it again to the next level, with fresh noise every step. */
function* stochasticSteps(run: Run): Solver {
  const { x } = run;
  const { sigmas } = run.plan;
  for (let i = run.begin; i < run.end; i++) {
    const velocity = yield run.at(i);
    const next = sigmas[i + 1];
    const noise = run.freshNoise();
    combine3(x, 1 - next, x, -(1 - next) * sigmas[i], velocity, next, noise);
    run.after(i, velocity);
  }
  return x;
}

type Config = ConfigOf<typeof flowEulerFields>;

function plan(config: Config, request: PlanRequest): Plan {
  refuse(request, ['originalSteps', 'strength'], NAME);
  const levels = flowSigmas(config, request);
  const trainSteps = config.num_train_timesteps;
  const provided = request.timesteps;
  const end = config.invert_sigmas ? 1 : 0;
  const inner = config.invert_sigmas ? levels.map((sigma) => f(1 - sigma)) : levels;
  const sigmas = levelsOrTable(Float64Array.of(...inner, end), request);
  const timesteps =
    provided && !config.invert_sigmas
      ? Float64Array.from(provided, f)
      : inner.map((sigma) => f(sigma * trainSteps));
  return makePlan({
    className: NAME,
    steps: timesteps.length,
    timesteps,
    timestepKind: 'float32',
    sigmas,
    initNoiseSigma: 1,
    order: 1,
    level: (index) => ({ alpha: 1 - sigmas[index], sigma: sigmas[index] }),
    needsRng: () => config.stochastic_sampling,
    solver: config.stochastic_sampling ? stochasticSteps : eulerSteps,
  });
}

/** Levels before the final zero: own or uniform ones, shifted, stretched, respaced; float32 values. */
function flowSigmas(config: Config, request: PlanRequest): Float64Array {
  const { mu } = request;
  if (config.use_dynamic_shifting && mu === undefined) {
    throw new RangeError(`${NAME} with use_dynamic_shifting needs mu, from shiftForLength(tokens)`);
  }
  if (!config.use_dynamic_shifting) refuse(request, ['mu'], `${NAME} without use_dynamic_shifting`);
  const [start, isFloat32] = startingSigmas(config, request);
  let sigmas: Float64Array;
  if (mu !== undefined) {
    const shift = isFloat32 ? dynamicShiftFloat32 : dynamicShift;
    sigmas = start.map((sigma) => shift(sigma, mu, config.time_shift_type));
  } else {
    const shift = isFloat32 ? shiftSigmaFloat32 : shiftSigma;
    sigmas = start.map((sigma) => shift(sigma, config.shift));
  }
  if (config.shift_terminal) sigmas = stretchToTerminal(sigmas, config.shift_terminal);
  return respace(sigmas, spacingOf(config)).map(f);
}

function startingSigmas(config: Config, request: PlanRequest): readonly [Float64Array, isFloat32: boolean] {
  const trainSteps = config.num_train_timesteps;
  if (request.sigmas) return [Float64Array.from(request.sigmas, f), true];
  if (request.timesteps) return [Float64Array.from(request.timesteps, (t) => f(f(t) / trainSteps)), true];
  const shift = config.use_dynamic_shifting ? 1 : config.shift;
  return [uniformFlowSigmas(trainSteps, shift, requestedSteps(request, NAME)), false];
}

export const flowEuler = defineScheduler({
  className: NAME,
  fields: flowEulerFields,
  create(config) {
    spacingOf(config);
    return {
      className: NAME,
      predictionType: 'flow_prediction',
      stochastic: config.stochastic_sampling,
      numTrainTimesteps: config.num_train_timesteps,
      plan: (request) => plan(config, request),
      levelAt(timestep) {
        const sigma = timestep / config.num_train_timesteps;
        return { alpha: 1 - sigma, sigma };
      },
    };
  },
});

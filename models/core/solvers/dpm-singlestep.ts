import { defineScheduler } from '../config/definition.ts';
import { finalSigmas, lambdaMinClipped, predictionType } from '../config/dpm-fields.ts';
import { boolean, choice, type ConfigOf, integer, number, optional } from '../config/fields.ts';
import { spacingFields, spacingOf } from '../config/flow-fields.ts';
import { betaFields, DDPM_BETAS, tablesOf, thresholdFields } from '../config/vp-fields.ts';
import { combine } from '../math/kernels.ts';
import { makePlan, type Run } from '../plan.ts';
import { vpLevel } from '../prediction.ts';
import { dpmLevels, lastStableTimestep } from '../schedule/dpm-levels.ts';
import { levelsOrTable, refuse, requestedSteps } from '../schedule/request.ts';
import { type SigmaTable, sigmaTable } from '../schedule/vp-sigmas.ts';
import type { Latent, Plan, PlanRequest, Solver } from '../types.ts';
import { exactLevelOf, History, type LambdaLevel, type LevelForm, levelsOf } from './dpm-state.ts';

const NAME = 'DPMSolverSinglestepScheduler';

const fields = {
  ...betaFields(DDPM_BETAS),
  ...thresholdFields,
  ...spacingFields,
  solver_order: integer(2, 1),
  prediction_type: predictionType,
  algorithm_type: choice('dpmsolver++', ['dpmsolver++', 'dpmsolver', 'sde-dpmsolver++']),
  solver_type: choice('midpoint', ['midpoint', 'heun', 'logrho', 'bh1', 'bh2']),
  lower_order_final: boolean(false),
  use_flow_sigmas: optional(boolean(false)),
  flow_shift: optional(number(1)),
  final_sigmas_type: finalSigmas,
  lambda_min_clipped: lambdaMinClipped,
  variance_type: optional(choice('fixed_small', ['fixed_small', 'learned', 'learned_range'])),
  use_dynamic_shifting: boolean(false),
  time_shift_type: choice('exponential', ['exponential', 'linear']),
};

type Config = ConfigOf<typeof fields>;

/** Orders of the evaluations: rising to the solver's order, then anew. Lu et al. 2022a, section 3.3. */
export function orderList(
  steps: number,
  config: Pick<Config, 'solver_order' | 'lower_order_final' | 'final_sigmas_type'>,
): number[] {
  const { solver_order: order } = config;
  const orders = Array.from({ length: steps }, (_, i) => (i % order) + 1);
  if (config.lower_order_final && order === 3) {
    if (steps % 3 === 0) orders.splice(-3, 3, 1, 2, 1);
  } else if (config.lower_order_final && order === 2 && steps % 2 === 0) {
    orders.splice(-2, 2, 1, 1);
  }
  if (config.final_sigmas_type === 'zero') orders[steps - 1] = 1;
  return orders;
}

/**
 * DPM-Solver++ as a singlestep method (Lu et al. 2022b, algorithm 1 and appendix A): groups of one, two or three
 * evaluations, of which each restarts from the x at the group's beginning with all predictions made since.
 */
function* singlestepSteps(run: Run, config: Config, form: LevelForm): Solver {
  const { x } = run;
  const levels = levelsOf(run, form);
  const wanted = orderList(run.plan.timesteps.length, config);
  const stochastic = config.algorithm_type.startsWith('sde');
  const history = new History(run, {
    levels,
    depth: config.solver_order,
    type: config.prediction_type,
    target: config.algorithm_type.endsWith('++') ? 'original' : 'noise',
    limits: config,
  });
  const start = run.buffer();
  const orders = new Int32Array(run.end);
  const weights = new Float64Array(WIDTH * run.end);
  for (let i = run.begin; i < run.end; i++) {
    orders[i] = Math.min(wanted[i], i - run.begin + 1, config.solver_order);
    writeWeights(weights, WIDTH * i, config, { levels, index: i, order: orders[i] });
  }
  const terms: Latent[] = [start];
  for (let i = run.begin; i < run.end; i++) {
    const prediction = yield run.at(i);
    history.push(prediction, i);
    const order = orders[i];
    if (order === 1) start.set(x);
    for (let k = 0; k < order; k++) terms[k + 1] = history.items[k];
    if (stochastic) terms[order + 1] = run.freshNoise();
    combine(x, stochastic ? order + 2 : order + 1, weights, terms, WIDTH * i);
    run.after(i, prediction);
  }
  return x;
}

/** Weights of one update: the group's first x, at most three predictions, noise. */
const WIDTH = 5;

interface GroupStep {
  readonly levels: readonly LambdaLevel[];
  readonly index: number;
  /** How many predictions of the group there are: 1 to 3, the newest of them made at `index`. */
  readonly order: number;
}

/**
 * Writes the weights of the group's first x, of its predictions (newest first) and of noise, for going from the group's
 * beginning to the level after `index`.
 */
function writeWeights(
  out: Float64Array,
  at: number,
  { algorithm_type: algorithm, solver_type: variant }: Config,
  { levels, index, order }: GroupStep,
): void {
  const { alpha, sigma, lambda } = levels[index + 1];
  const origin = levels[index + 1 - order];
  const h = lambda - origin.lambda;
  const heun = variant === 'heun';
  let [onX, onD0, onD1, onD2, onNoise] = [0, 0, 0, 0, 0];
  if (algorithm === 'dpmsolver++') {
    const phi = Math.expm1(-h);
    onX = sigma / origin.sigma;
    onD0 = -alpha * phi;
    onD1 = heun || order === 3 ? alpha * (phi / h + 1) : -0.5 * alpha * phi;
    onD2 = -alpha * ((phi + h) / h ** 2 - 0.5);
  } else if (algorithm === 'dpmsolver') {
    const phi = Math.expm1(h);
    onX = alpha / origin.alpha;
    onD0 = -sigma * phi;
    onD1 = heun || order === 3 ? -sigma * (phi / h - 1) : -0.5 * sigma * phi;
    onD2 = -sigma * ((phi - h) / h ** 2 - 0.5);
  } else {
    const phi = -Math.expm1(-2 * h);
    onX = (sigma / origin.sigma) * Math.exp(-h);
    onD0 = alpha * phi;
    onD1 = heun || order === 3 ? alpha * (phi / (-2 * h) + 1) : 0.5 * alpha * phi;
    onD2 = alpha * ((phi - 2 * h) / (2 * h) ** 2 - 0.5);
    onNoise = sigma * Math.sqrt(phi);
  }
  out[at] = onX;
  out[at + order + 1] = onNoise;
  if (order === 1) {
    out[at + 1] = onD0;
  } else if (order === 2) {
    const r0 = (levels[index].lambda - origin.lambda) / h;
    out[at + 1] = onD1 / r0;
    out[at + 2] = onD0 - onD1 / r0;
  } else {
    const r0 = (levels[index].lambda - origin.lambda) / h;
    const r1 = (levels[index - 1].lambda - origin.lambda) / h;
    // D1_1 = (m0 - m2)/r0 and D1_0 = (m1 - m2)/r1; the plain form uses D1_1 alone.
    const onLate = heun ? (-onD1 * r1 + onD2 * 2) / (r0 - r1) : onD1;
    const onEarly = heun ? (onD1 * r0 - onD2 * 2) / (r0 - r1) : 0;
    out[at + 1] = onLate / r0;
    out[at + 2] = onEarly / r1;
    out[at + 3] = onD0 - onLate / r0 - onEarly / r1;
  }
}

function plan(config: Config, table: SigmaTable, request: PlanRequest): Plan {
  refuse(request, ['sigmas', 'originalSteps', 'strength'], NAME);
  const flow = config.use_flow_sigmas === true;
  if (!flow) refuse(request, ['mu'], `${NAME} without use_flow_sigmas`);
  if (request.timesteps && (flow || spacingOf(config) !== 'plain')) {
    throw new RangeError(`${NAME} takes own timesteps only without other sigma spacings`);
  }
  const levels = dpmLevels(
    {
      table,
      trainSteps: config.num_train_timesteps,
      count: request.timesteps?.length ?? requestedSteps(request, NAME),
      timestepSpacing: 'linspace',
      offset: 0,
      spacing: flow ? 'flow' : spacingOf(config),
      roundTimesteps: true,
      final: config.final_sigmas_type,
      lastTimestep: lastStableTimestep(table, config.lambda_min_clipped),
      flowShift: config.flow_shift ?? 1,
      flowGrid: 'alpha',
      dynamicShift: config.use_dynamic_shifting ? config.time_shift_type : null,
    },
    request,
  );
  const sigmas = levelsOrTable(levels.sigmas, request);
  const form: LevelForm = flow ? 'flow' : 'vp';
  return makePlan({
    className: NAME,
    steps: levels.timesteps.length,
    timesteps: levels.timesteps,
    timestepKind: 'int64',
    sigmas,
    initNoiseSigma: 1,
    order: 1,
    level: (index) => exactLevelOf(form, sigmas[index]),
    needsRng: () => config.algorithm_type.startsWith('sde'),
    solver: (run) => singlestepSteps(run, config, form),
  });
}

/** @throws RangeError for combinations without a meaning. */
function check(config: Config): void {
  spacingOf(config);
  if (config.solver_order > 3) throw new RangeError('solver_order must be 1, 2 or 3');
  if (config.algorithm_type === 'dpmsolver' && config.final_sigmas_type === 'zero') {
    throw new RangeError(
      'algorithm_type dpmsolver divides by the last sigma: set final_sigmas_type to sigma_min',
    );
  }
}

export const dpmSinglestep = defineScheduler({
  className: NAME,
  fields,
  create(config) {
    check(config);
    const table = sigmaTable(tablesOf(config), false);
    return {
      className: NAME,
      predictionType: config.prediction_type,
      stochastic: config.algorithm_type.startsWith('sde'),
      numTrainTimesteps: config.num_train_timesteps,
      plan: (request) => plan(config, table, request),
      levelAt: (timestep) => vpLevel(table.sigmas[timestep]),
    };
  },
});

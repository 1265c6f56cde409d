import { defineScheduler } from '../config/definition.ts';
import { multistepFields } from '../config/dpm-fields.ts';
import { choice, type ConfigOf } from '../config/fields.ts';
import { spacingOf } from '../config/flow-fields.ts';
import { tablesOf } from '../config/vp-fields.ts';
import { combine } from '../math/kernels.ts';
import { logFloat32 } from '../math/log-float32.ts';
import { makePlan, type Run } from '../plan.ts';
import { vpLevel } from '../prediction.ts';
import { dpmLevels } from '../schedule/dpm-levels.ts';
import { levelsOrTable, refuse, requestedSteps } from '../schedule/request.ts';
import { type SigmaTable, sigmaTable } from '../schedule/vp-sigmas.ts';
import type { Plan, PlanRequest, Solver } from '../types.ts';
import { multistepOrder } from './dpm-multistep.ts';
import { exactLevelOf, History, type LambdaLevel, type LevelForm, levelsOf } from './dpm-state.ts';

const NAME = 'DEISMultistepScheduler';

const fields = {
  ...multistepFields,
  algorithm_type: choice('deis', ['deis', 'dpmsolver', 'dpmsolver++']),
  solver_type: choice('logrho', ['logrho', 'midpoint', 'heun', 'bh1', 'bh2']),
};

type Config = ConfigOf<typeof fields>;

/**
 * DEIS (Zhang and Chen 2023, equations 14 and 15), in log rho: with rho = sigma/alpha, x/alpha moves by the
 * integral over rho of the polynomial in log rho through the last noise predictions.
 */
function* deisSteps(run: Run, config: Config, form: LevelForm): Solver {
  const { x } = run;
  const count = run.plan.timesteps.length;
  const order = config.solver_order;
  const levels = levelsOf(run, form);
  const arithmetic = run.options.scalars === 'double' ? DOUBLE : SINGLE;
  const history = new History(run, {
    levels,
    depth: order,
    type: config.prediction_type,
    target: 'noise',
    limits: config,
  });
  const rules = {
    form,
    order,
    algorithm: 'dpmsolver',
    variant: 'midpoint',
    lowerOrderFinal: config.lower_order_final,
    firstOrderLast: false,
  } as const;
  const width = order + 1;
  const orders = new Int32Array(run.end);
  const weights = new Float64Array(width * run.end);
  for (let i = run.begin; i < run.end; i++) {
    orders[i] = multistepOrder(rules, i, count, i - run.begin + 1);
    const row = weights.subarray(width * i, width * (i + 1));
    deisWeights(row, arithmetic, { levels, index: i, order: orders[i] });
  }
  const terms = [x];
  for (let i = run.begin; i < run.end; i++) {
    const prediction = yield run.at(i);
    history.push(prediction, i);
    for (let k = 0; k < orders[i]; k++) terms[k + 1] = history.items[k];
    combine(x, orders[i] + 1, weights, terms, width * i);
    run.after(i, prediction);
  }
  return x;
}

/** How numbers are rounded after each operation, and the logarithm that goes with it. */
interface Arithmetic {
  readonly f: (value: number) => number;
  readonly log: (value: number) => number;
}

/** The reference's float32 steps: the antiderivatives nearly cancel, so their rounding shows in the result. */
const SINGLE: Arithmetic = { f: Math.fround, log: logFloat32 };
const DOUBLE: Arithmetic = { f: (value) => value, log: Math.log };

interface UpdateParts {
  readonly levels: readonly LambdaLevel[];
  /** The update goes from this level to the next with the last `order` predictions, 1 to 3. */
  readonly index: number;
  readonly order: number;
}

/** Weights of x and of the last one to three noise predictions, newest first. */
function deisWeights(out: Float64Array, arithmetic: Arithmetic, { levels, index, order }: UpdateParts): void {
  const { f } = arithmetic;
  const now = levels[index];
  const to = levels[index + 1];
  const ratio = ({ alpha, sigma }: LambdaLevel) => f(sigma / alpha);
  const target = ratio(to);
  const r0 = ratio(now);
  out[0] = to.alpha / now.alpha;
  if (order === 1) {
    out[1] = f(-to.sigma * f(f(Math.exp(f(to.lambda - now.lambda))) - 1));
    return;
  }
  const r1 = ratio(levels[index - 1]);
  if (order === 2) {
    const between = (b: number, c: number) =>
      to.alpha * f(linearIntegral(arithmetic, target, b, c) - linearIntegral(arithmetic, r0, b, c));
    out[1] = between(r0, r1);
    out[2] = between(r1, r0);
    return;
  }
  const r2 = ratio(levels[index - 2]);
  const between = (b: number, c: number, d: number) =>
    to.alpha * f(squareIntegral(arithmetic, target, b, c, d) - squareIntegral(arithmetic, r0, b, c, d));
  out[1] = between(r0, r1, r2);
  out[2] = between(r1, r2, r0);
  out[3] = between(r2, r0, r1);
}

/** Antiderivative at t of (ln t - ln c)/(ln b - ln c). */
function linearIntegral({ f, log }: Arithmetic, t: number, b: number, c: number): number {
  return f(f(t * f(f(-log(c) + log(t)) - 1)) / f(log(b) - log(c)));
}

/** Antiderivative at t of (ln t - ln c)(ln t - ln d)/((ln b - ln c)(ln b - ln d)). */
function squareIntegral({ f, log }: Arithmetic, t: number, b: number, c: number, d: number): number {
  const [lt, lb, lc, ld] = [log(t), log(b), log(c), log(d)];
  const inner = f(f(f(f(f(lc * f(f(ld - lt) + 1)) - f(ld * lt)) + ld) + f(lt * lt)) - f(2 * lt));
  return f(f(t * f(inner + 2)) / f(f(lb - lc) * f(lb - ld)));
}

function plan(config: Config, table: SigmaTable, request: PlanRequest): Plan {
  refuse(request, ['timesteps', 'sigmas', 'originalSteps', 'strength'], NAME);
  const flow = config.use_flow_sigmas === true;
  if (!flow) refuse(request, ['mu'], `${NAME} without use_flow_sigmas`);
  const levels = dpmLevels(
    {
      table,
      trainSteps: config.num_train_timesteps,
      count: requestedSteps(request, NAME),
      timestepSpacing: config.timestep_spacing,
      offset: config.steps_offset,
      spacing: flow ? 'flow' : spacingOf(config),
      roundTimesteps: true,
      final: 'sigma_min',
      lastTimestep: config.num_train_timesteps,
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
    solver: (run) => deisSteps(run, config, form),
  });
}

export const deis = defineScheduler({
  className: NAME,
  fields,
  create(config) {
    spacingOf(config);
    if (config.solver_order > 3) throw new RangeError('solver_order must be 1, 2 or 3');
    const table = sigmaTable(tablesOf(config), false);
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

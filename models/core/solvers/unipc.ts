import { defineScheduler } from '../config/definition.ts';
import { finalSigmas, multistepFields } from '../config/dpm-fields.ts';
import { boolean, choice, type ConfigOf, integerList, number, optional } from '../config/fields.ts';
import { spacingOf } from '../config/flow-fields.ts';
import { tablesOf } from '../config/vp-fields.ts';
import { combine } from '../math/kernels.ts';
import { solveLinear } from '../math/linear.ts';
import { makePlan, type Run } from '../plan.ts';
import { vpLevel } from '../prediction.ts';
import { dpmLevels } from '../schedule/dpm-levels.ts';
import { levelsOrTable, refuse, requestedSteps } from '../schedule/request.ts';
import { type SigmaTable, sigmaTable } from '../schedule/vp-sigmas.ts';
import type { Latent, Plan, PlanRequest, Solver } from '../types.ts';
import { exactLevelOf, History, type LambdaLevel, type LevelForm, levelsOf } from './dpm-state.ts';

const NAME = 'UniPCMultistepScheduler';

const fields = {
  ...multistepFields,
  predict_x0: boolean(true),
  solver_type: choice('bh2', ['bh1', 'bh2', 'midpoint', 'heun', 'logrho']),
  disable_corrector: integerList(),
  final_sigmas_type: finalSigmas,
  rescale_betas_zero_snr: boolean(false),
  sigma_min: optional(number(0)),
  sigma_max: optional(number(0)),
  shift_terminal: optional(number(0)),
};

type Config = ConfigOf<typeof fields>;

interface UpdateParts {
  readonly config: Config;
  readonly levels: readonly LambdaLevel[];
  /** The update goes from this level to the next. */
  readonly index: number;
  /** How many predictions up to `index` it uses. */
  readonly order: number;
  /** The corrector also uses the prediction at `to`. */
  readonly corrector: boolean;
}

/**
 * UniPC (Zhao et al. 2023, algorithms 5 to 8, B(h) of section 3.3): a predictor as in DPM-Solver++ of the same
 * order, and a corrector that redoes the last step once the prediction at its end is known, at no evaluation.
 */
function* unipcSteps(run: Run, config: Config, form: LevelForm): Solver {
  const { x } = run;
  const levels = levelsOf(run, form);
  const history = new History(run, {
    levels,
    depth: config.solver_order + 1,
    type: config.prediction_type,
    target: config.predict_x0 ? 'original' : 'noise',
    limits: config,
  });
  const before = run.buffer();
  const width = config.solver_order + 2;
  const orders = ordersOf(run, config);
  const predictor = weightTable(run, width, (out, i) =>
    unipcWeights(out, { config, levels, index: i, order: orders[i], corrector: false }),
  );
  // Row i belongs to the correction of the step that ended at evaluation i.
  const corrector = weightTable(run, width, (out, i) => {
    if (corrects(run, config, i)) {
      unipcWeights(out, { config, levels, index: i - 1, order: orders[i - 1], corrector: true });
    }
  });
  const terms: Latent[] = [];
  for (let i = run.begin; i < run.end; i++) {
    const prediction = yield run.at(i);
    history.push(prediction, i);
    terms[0] = before;
    for (let k = 0; k < history.items.length; k++) terms[k + 1] = history.items[k];
    if (corrects(run, config, i)) combine(x, orders[i - 1] + 2, corrector, terms, width * i);
    before.set(x);
    combine(x, orders[i] + 1, predictor, terms, width * i);
    run.after(i, prediction);
  }
  return x;
}

function corrects(run: Run, config: Config, i: number): boolean {
  return i > run.begin && !config.disable_corrector.includes(i - 1);
}

/** Predictions that the step from each evaluation uses. */
function ordersOf(run: Run, config: Config): Int32Array {
  const count = run.plan.timesteps.length;
  return Int32Array.from({ length: run.end }, (_, i) => {
    const most = config.lower_order_final ? Math.min(config.solver_order, count - i) : config.solver_order;
    return Math.min(most, i - run.begin + 1);
  });
}

/** One row of weights for every evaluation of the run. */
function weightTable(
  run: Run,
  width: number,
  write: (out: Float64Array, index: number) => void,
): Float64Array {
  const table = new Float64Array(width * run.end);
  for (let i = run.begin; i < run.end; i++) write(table.subarray(width * i, width * (i + 1)), i);
  return table;
}

/**
 * Weights of the step's first x and of the predictions, newest first; for the corrector the newest is the one
 * at `to`. Written with r_k = (lambda_k - lambda_0)/h and D_k = (m_k - m_0)/r_k.
 */
function unipcWeights(out: Float64Array, { config, levels, index, order, corrector }: UpdateParts): void {
  const origin = levels[index];
  const to = levels[index + 1];
  const h = to.lambda - origin.lambda;
  const signed = config.predict_x0 ? -h : h;
  const phi = Math.expm1(signed);
  const scale = config.predict_x0 ? to.alpha : to.sigma;
  const bh = config.solver_type === 'bh1' ? signed : phi;
  const r = Array.from({ length: order - 1 }, (_, k) => (levels[index - 1 - k].lambda - origin.lambda) / h);
  const rho = unipcCoefficients(r, signed, phi, bh, corrector);
  out.fill(0);
  out[0] = config.predict_x0 ? to.sigma / origin.sigma : to.alpha / origin.alpha;
  const first = corrector ? 2 : 1;
  out[first] = -scale * phi;
  r.forEach((rk, k) => {
    const weight = (-scale * bh * rho[k]) / rk;
    out[first + 1 + k] += weight;
    out[first] -= weight;
  });
  if (corrector) {
    const weight = -scale * bh * rho[r.length];
    out[1] += weight;
    out[first] -= weight;
  }
}

/** Solves R rho = b of the paper's theorem 3.1; first order needs 1/2 only. */
function unipcCoefficients(
  r: readonly number[],
  signed: number,
  phi: number,
  bh: number,
  corrector: boolean,
): readonly number[] {
  const order = r.length + 1;
  if (corrector ? order === 1 : order <= 2) return [0.5];
  const nodes = [...r, 1];
  const size = corrector ? order : order - 1;
  const matrix: number[][] = [];
  const b: number[] = [];
  let factorial = 1;
  let phiK = phi / signed - 1;
  for (let k = 1; k <= size; k++) {
    matrix.push(nodes.slice(0, size).map((node) => node ** (k - 1)));
    b.push((phiK * factorial) / bh);
    factorial *= k + 1;
    phiK = phiK / signed - 1 / factorial;
  }
  return solveLinear(matrix, b);
}

function plan(config: Config, table: SigmaTable, request: PlanRequest): Plan {
  refuse(request, ['timesteps', 'originalSteps', 'strength'], NAME);
  const flow = config.use_flow_sigmas === true;
  if (!flow) refuse(request, ['mu', 'sigmas'], `${NAME} without use_flow_sigmas`);
  const levels = dpmLevels(
    {
      table,
      trainSteps: config.num_train_timesteps,
      count: request.sigmas?.length ?? requestedSteps(request, NAME),
      timestepSpacing: config.timestep_spacing,
      offset: config.steps_offset,
      spacing: flow ? 'flow' : spacingOf(config),
      roundTimesteps: true,
      final: config.final_sigmas_type,
      lastTimestep: config.num_train_timesteps,
      flowShift: config.flow_shift ?? 1,
      flowGrid: 'sigma',
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
    solver: (run) => unipcSteps(run, config, form),
  });
}

/** @throws RangeError for combinations without a meaning. */
function check(config: Config): void {
  spacingOf(config);
  if (config.solver_order > 3) throw new RangeError('solver_order must be 1, 2 or 3');
  if (config.solver_type === 'bh1' && config.final_sigmas_type === 'zero') {
    throw new RangeError(
      'solver_type bh1 is infinite in a last step to sigma zero: set final_sigmas_type to sigma_min, or use bh2',
    );
  }
}

export const unipc = defineScheduler({
  className: NAME,
  fields,
  create(config) {
    check(config);
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

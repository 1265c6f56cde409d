import { defineScheduler } from '../config/definition.ts';
import { finalSigmas, lambdaMinClipped, multistepFields } from '../config/dpm-fields.ts';
import { boolean, choice, type ConfigOf, optional } from '../config/fields.ts';
import { spacingOf } from '../config/flow-fields.ts';
import { tablesOf } from '../config/vp-fields.ts';
import { makePlan, type Run } from '../plan.ts';
import { vpLevel } from '../prediction.ts';
import { type DpmOptions, dpmLevels, lastStableTimestep } from '../schedule/dpm-levels.ts';
import { levelsOrTable, refuse, requestedSteps } from '../schedule/request.ts';
import { type SigmaTable, sigmaTable } from '../schedule/vp-sigmas.ts';
import type { Plan, PlanRequest, Solver } from '../types.ts';
import { exactLevelOf, History, type LevelForm, levelsOf } from './dpm-state.ts';
import { type DpmAlgorithm, type DpmVariant, DpmUpdater } from './dpm-update.ts';
import type { LimitConfig } from './limits.ts';

const NAME = 'DPMSolverMultistepScheduler';
const ALGORITHMS: readonly DpmAlgorithm[] = ['dpmsolver++', 'dpmsolver', 'sde-dpmsolver++', 'sde-dpmsolver'];

const fields = {
  ...multistepFields,
  algorithm_type: choice('dpmsolver++', ALGORITHMS),
  solver_type: choice('midpoint', ['midpoint', 'heun', 'logrho', 'bh1', 'bh2']),
  euler_at_final: boolean(false),
  use_lu_lambdas: optional(boolean(false)),
  final_sigmas_type: finalSigmas,
  lambda_min_clipped: lambdaMinClipped,
  variance_type: optional(choice('fixed_small', ['fixed_small', 'learned', 'learned_range'])),
  rescale_betas_zero_snr: boolean(false),
};

type Config = ConfigOf<typeof fields>;

/** What the multistep loop needs of any class that runs it. */
export interface MultistepOptions {
  readonly form: LevelForm;
  readonly order: number;
  readonly algorithm: DpmAlgorithm;
  readonly variant: DpmVariant;
  readonly lowerOrderFinal: boolean;
  /** The last step is of first order whatever its number: the level it goes to is zero, or it was asked for. */
  readonly firstOrderLast: boolean;
}

/** The order of the step from evaluation i of a plan with `count`, when `known` predictions are at hand. */
export function multistepOrder(options: MultistepOptions, i: number, count: number, known: number): number {
  const few = options.lowerOrderFinal && count < 15;
  if (i === count - 1 && (options.firstOrderLast || few)) return 1;
  const allowed = i === count - 2 && few ? Math.min(options.order, 2) : options.order;
  return Math.min(allowed, known);
}

/**
 * DPM-Solver++ as a multistep method (Lu et al. 2022b, algorithm 2; order 3: appendix A; SDE: appendix B): every
 * step reuses the predictions of the last ones, so each costs one evaluation.
 */
function* dpmSteps(run: Run, config: Config, options: MultistepOptions): Solver {
  const { x } = run;
  const { form, algorithm, variant, order } = options;
  const count = run.plan.timesteps.length;
  const levels = levelsOf(run, form);
  const stochastic = algorithm.startsWith('sde');
  const history = new History(run, {
    levels,
    depth: order,
    type: config.prediction_type,
    target: algorithm.endsWith('++') ? 'original' : 'noise',
    limits: limitsOf(config),
  });
  const updater = new DpmUpdater(run, {
    algorithm,
    variant,
    levels,
    orderAt: (i) => multistepOrder(options, i, count, i - run.begin + 1),
    float32: run.options.scalars !== 'double',
  });
  for (let i = run.begin; i < run.end; i++) {
    const prediction = yield run.at(i);
    history.push(prediction, i);
    updater.multistep(i, history.items, stochastic ? run.freshNoise() : null);
    run.after(i, prediction);
  }
  return x;
}

function limitsOf(config: LimitConfig): LimitConfig {
  const { thresholding, dynamic_thresholding_ratio, sample_max_value } = config;
  return { thresholding, dynamic_thresholding_ratio, sample_max_value };
}

function dpmOptions(config: Config, table: SigmaTable, request: PlanRequest): DpmOptions {
  const own = request.timesteps ?? request.sigmas;
  return {
    table,
    trainSteps: config.num_train_timesteps,
    count: own ? own.length : requestedSteps(request, NAME),
    timestepSpacing: config.timestep_spacing,
    offset: config.steps_offset,
    spacing: config.use_flow_sigmas ? 'flow' : config.use_lu_lambdas ? 'lu' : spacingOf(config),
    roundTimesteps: config.beta_schedule !== 'squaredcos_cap_v2',
    final: config.final_sigmas_type,
    lastTimestep: lastStableTimestep(table, config.lambda_min_clipped),
    flowShift: config.flow_shift ?? 1,
    flowGrid: 'alpha',
    dynamicShift: config.use_dynamic_shifting ? config.time_shift_type : null,
  };
}

function plan(config: Config, table: SigmaTable, request: PlanRequest): Plan {
  refuse(request, ['originalSteps', 'strength'], NAME);
  const options = dpmOptions(config, table, request);
  if (request.timesteps && options.spacing !== 'plain') {
    throw new RangeError(`${NAME} takes own timesteps only without other sigma spacings`);
  }
  if (options.spacing !== 'flow') refuse(request, ['sigmas', 'mu'], `${NAME} without use_flow_sigmas`);
  const levels = dpmLevels(options, request);
  const sigmas = levelsOrTable(levels.sigmas, request);
  const form: LevelForm = options.spacing === 'flow' ? 'flow' : 'vp';
  const stochastic = config.algorithm_type.startsWith('sde');
  return makePlan({
    className: NAME,
    steps: levels.timesteps.length,
    timesteps: levels.timesteps,
    timestepKind: 'int64',
    sigmas,
    initNoiseSigma: 1,
    order: 1,
    level: (index) => exactLevelOf(form, sigmas[index]),
    needsRng: () => stochastic,
    solver: (run) =>
      dpmSteps(run, config, {
        form,
        order: config.solver_order,
        algorithm: config.algorithm_type,
        variant: config.solver_type === 'heun' ? 'heun' : 'midpoint',
        lowerOrderFinal: config.lower_order_final,
        firstOrderLast: config.euler_at_final || config.final_sigmas_type === 'zero',
      }),
  });
}

/** @throws RangeError for combinations without a meaning. */
function check(config: Config): void {
  spacingOf(config);
  if (config.solver_order > 3) throw new RangeError('solver_order must be 1, 2 or 3');
  if (!config.algorithm_type.endsWith('++') && config.final_sigmas_type === 'zero') {
    throw new RangeError(
      `algorithm_type ${config.algorithm_type} divides by the last sigma: set final_sigmas_type to sigma_min`,
    );
  }
}

export const dpmMultistep = defineScheduler({
  className: NAME,
  fields,
  create(config) {
    check(config);
    const table = sigmaTable(tablesOf(config), config.rescale_betas_zero_snr);
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

import type { SolveOptions } from './types.ts';

/** What the closed form is asked for. */
export type Predicts = 'epsilon' | 'flow' | 'edm';

/** A deterministic solver and the order at which it must converge. */
export interface ConvergenceCase {
  readonly name: string;
  readonly order: number;
  readonly config: Readonly<Record<string, unknown>>;
  readonly kind?: Predicts;
  /** Levels: Karras et al. 2022 or even in log sigma, from 10 to 0.1; straight for flows; none for training timesteps. */
  readonly grid: 'karras' | 'exponential' | 'flow' | 'training';
  /** The solver's own table for these levels, where it is another. */
  readonly table?: (levels: readonly number[]) => readonly number[];
  /** Steps to ask for, and evaluations to make, for a number of intervals. */
  readonly steps?: (intervals: number) => number;
  readonly end?: (intervals: number) => number;
  readonly options?: SolveOptions;
  /**
   * Steps after which x is put on the exact path, so that a multistep method has exact values behind it. Without, it begins
   * with lower orders, whose error stays.
   */
  readonly exactStart?: number;
  /** A stochastic solver without its noise: for the denoiser x0 = x/2 its mean falls in proportion to sigma. */
  readonly mean?: boolean;
  /** Numbers of intervals, where the slope settles late. */
  readonly counts?: readonly number[];
}

const twice = (levels: readonly number[]): readonly number[] =>
  levels.flatMap((level, i) => (i === 0 ? [level] : [level, level]));
const midpoints = (levels: readonly number[]): readonly number[] => [
  ...levels.flatMap((s, i) => (i + 1 < levels.length ? [s, Math.sqrt(s * levels[i + 1])] : [s])),
  0,
];
const twoStages = { steps: (n: number) => n + 1, end: (n: number) => 2 * n };
const toTheEnd = { lower_order_final: false, final_sigmas_type: 'sigma_min' };
const silent = {
  randn: (out: { fill(value: number): unknown }) => void out.fill(0),
  rand: () => {},
  randint: () => {},
  randperm: () => new Int32Array(0),
};
const ORDERS = [1, 2, 3];
const WHOLE_RUN = Array.from({ length: 1000 }, (_, i) => i);

const onePerStep: readonly ConvergenceCase[] = [
  { name: 'Euler', order: 1, config: { _class_name: 'EulerDiscreteScheduler' }, grid: 'karras' },
  {
    name: 'EDM Euler',
    order: 1,
    kind: 'edm',
    config: { _class_name: 'EDMEulerScheduler', sigma_data: 0.5 },
    grid: 'karras',
  },
  {
    name: 'flow Euler',
    order: 1,
    kind: 'flow',
    config: { _class_name: 'FlowMatchEulerDiscreteScheduler' },
    grid: 'flow',
  },
];

const twoPerStep: readonly ConvergenceCase[] = [
  {
    name: 'Heun',
    order: 2,
    config: { _class_name: 'HeunDiscreteScheduler' },
    grid: 'karras',
    table: (levels) => [...twice(levels), 0],
    ...twoStages,
  },
  {
    name: 'flow Heun',
    order: 2,
    kind: 'flow',
    config: { _class_name: 'FlowMatchHeunDiscreteScheduler' },
    grid: 'flow',
    table: (levels) => [...twice(levels), 0],
    ...twoStages,
  },
  {
    name: 'DPM2',
    order: 2,
    config: { _class_name: 'KDPM2DiscreteScheduler' },
    grid: 'karras',
    table: (levels) => [...twice(levels), 0, 0, 0],
    ...twoStages,
  },
  {
    name: 'DPM++ 2S',
    order: 2,
    config: { _class_name: 'DPMPP2SAncestralScheduler', eta: 0 },
    grid: 'karras',
    table: midpoints,
    ...twoStages,
  },
  {
    name: 'DPM++ SDE, eta 0',
    order: 2,
    config: { _class_name: 'DPMSolverSDEScheduler', eta: 0 },
    grid: 'karras',
    table: midpoints,
    ...twoStages,
  },
];

/**
 * The third-order multistep update of DPM-Solver++ takes half of the second derivative's term: its D2 is the divided
 * difference, which is half the derivative, where the derivative belongs. That leaves order 2, here and in the reference,
 * whose steps these are: on the reference suite's mixture its own runs have slopes 3.37, 2.50 and 2.99 up to 80 steps, and
 * this solver, which equals them, goes on with 2.49, 2.11, 2.03 and 2.01 up to 1280.
 */
const multistepOrderReached = (order: number): number => Math.min(order, 2);

const dpmMultistep: readonly ConvergenceCase[] = [
  ...['dpmsolver++', 'dpmsolver'].flatMap((algorithm) =>
    ORDERS.map(
      (order): ConvergenceCase => ({
        name: `${algorithm} ${order}M`,
        order: multistepOrderReached(order),
        config: {
          ...toTheEnd,
          _class_name: 'DPMSolverMultistepScheduler',
          solver_order: order,
          algorithm_type: algorithm,
        },
        grid: 'exponential',
        exactStart: order - 1,
      }),
    ),
  ),
  ...ORDERS.map(
    (order): ConvergenceCase => ({
      name: `EDM DPM++ ${order}M`,
      order: multistepOrderReached(order),
      kind: 'edm',
      config: {
        ...toTheEnd,
        _class_name: 'EDMDPMSolverMultistepScheduler',
        sigma_data: 0.5,
        solver_order: order,
        solver_type: 'heun',
      },
      grid: 'karras',
      exactStart: order - 1,
    }),
  ),
  ...ORDERS.map(
    (order): ConvergenceCase => ({
      name: `flow DPM++ ${order}M`,
      order: multistepOrderReached(order),
      kind: 'flow',
      config: {
        ...toTheEnd,
        _class_name: 'DPMSolverMultistepScheduler',
        solver_order: order,
        use_flow_sigmas: true,
        prediction_type: 'flow_prediction',
      },
      grid: 'flow',
      exactStart: order - 1,
      ...(order === 3 && { counts: [384, 768, 1536] }),
    }),
  ),
  {
    name: 'DPM++ 3M SDE, eta 0',
    order: multistepOrderReached(3),
    config: { _class_name: 'DPMPP3MSDEScheduler', eta: 0 },
    grid: 'karras',
    exactStart: 2,
  },
  ...[1, 2].map(
    (order): ConvergenceCase => ({
      name: `cosine DPM++ ${order}M, mean`,
      order,
      kind: 'edm',
      config: {
        _class_name: 'CosineDPMSolverMultistepScheduler',
        lower_order_final: false,
        sigma_data: 0.5,
        solver_order: order,
        solver_type: 'heun',
        prediction_type: 'epsilon',
      },
      grid: 'karras',
      table: (levels) => [...levels, 0],
      steps: (n) => n + 1,
      end: (n) => n,
      exactStart: order - 1,
      options: { rng: silent },
      mean: true,
    }),
  ),
];

const dpmSinglestep: readonly ConvergenceCase[] = ['dpmsolver++', 'dpmsolver'].flatMap((algorithm) =>
  ['midpoint', 'heun'].flatMap((variant) =>
    ORDERS.map(
      (order): ConvergenceCase => ({
        name: `${algorithm} ${order}S ${variant}`,
        order,
        config: {
          ...toTheEnd,
          _class_name: 'DPMSolverSinglestepScheduler',
          solver_order: order,
          algorithm_type: algorithm,
          solver_type: variant,
        },
        grid: 'karras',
      }),
    ),
  ),
);

const unipc: readonly ConvergenceCase[] = [
  ...['bh1', 'bh2'].flatMap((variant) =>
    [true, false].flatMap((predictsOriginal) =>
      ORDERS.map(
        (order): ConvergenceCase => ({
          name: `UniPC ${variant} ${predictsOriginal ? 'x0' : 'noise'} ${order}`,
          // The corrector raises the order by one.
          order: order + 1,
          config: {
            ...toTheEnd,
            _class_name: 'UniPCMultistepScheduler',
            solver_order: order,
            solver_type: variant,
            predict_x0: predictsOriginal,
            disable_corrector: WHOLE_RUN.slice(0, order),
          },
          grid: 'exponential',
          exactStart: order,
        }),
      ),
    ),
  ),
  ...ORDERS.map(
    (order): ConvergenceCase => ({
      name: `UniP ${order}`,
      order,
      config: {
        ...toTheEnd,
        _class_name: 'UniPCMultistepScheduler',
        solver_order: order,
        disable_corrector: WHOLE_RUN,
      },
      grid: 'exponential',
      exactStart: order - 1,
    }),
  ),
  ...ORDERS.map(
    (order): ConvergenceCase => ({
      name: `flow UniPC ${order}`,
      order: order + 1,
      kind: 'flow',
      config: {
        ...toTheEnd,
        _class_name: 'UniPCMultistepScheduler',
        solver_order: order,
        use_flow_sigmas: true,
        prediction_type: 'flow_prediction',
        disable_corrector: WHOLE_RUN.slice(0, order),
      },
      grid: 'flow',
      exactStart: order,
    }),
  ),
];

/** DEIS of third order with and without an exact start, for the test that compares the two. */
export const DEIS_3: ConvergenceCase = {
  name: 'DEIS 3',
  order: 3,
  config: { _class_name: 'DEISMultistepScheduler', solver_order: 3, lower_order_final: false },
  grid: 'karras',
  exactStart: 2,
};

const polynomial: readonly ConvergenceCase[] = [
  ...[1, 2].map(
    (order): ConvergenceCase => ({
      ...DEIS_3,
      name: `DEIS ${order}`,
      order,
      config: { ...DEIS_3.config, solver_order: order },
      exactStart: order - 1,
    }),
  ),
  DEIS_3,
  ...[1, 2, 3, 4].map(
    (order): ConvergenceCase => ({
      name: `LMS ${order}`,
      order,
      config: { _class_name: 'LMSDiscreteScheduler' },
      grid: 'karras',
      options: { lmsOrder: order },
      exactStart: order - 1,
    }),
  ),
];

/**
 * A training schedule so fine that its timesteps are as good as continuous. PNDM is measured on the first four fifths: its
 * polynomials are in t, and noise grows from zero as the root of t, which no polynomial follows.
 */
const fine = { num_train_timesteps: 64_000, beta_start: 0.000002, beta_end: 0.0003, clip_sample: false };

const onTrainingTimesteps: readonly ConvergenceCase[] = [
  { name: 'DDIM', order: 1, config: { ...fine, _class_name: 'DDIMScheduler' }, grid: 'training' },
  {
    name: 'DDIM inverse',
    order: 1,
    config: { ...fine, _class_name: 'DDIMInverseScheduler' },
    grid: 'training',
  },
  {
    name: 'PNDM, Runge-Kutta',
    order: 2,
    config: { ...fine, _class_name: 'PNDMScheduler' },
    grid: 'training',
    end: (n) => 0.8 * n + 8,
  },
  {
    name: 'PNDM, linear',
    order: 2,
    config: { ...fine, _class_name: 'PNDMScheduler', skip_prk_steps: true },
    grid: 'training',
    end: (n) => 0.8 * n,
  },
];

export const CONVERGENCE_CASES: readonly ConvergenceCase[] = [
  ...onePerStep,
  ...twoPerStep,
  ...dpmMultistep,
  ...dpmSinglestep,
  ...unipc,
  ...polynomial,
  ...onTrainingTimesteps,
];

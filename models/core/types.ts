/**
 * The contract of the diffusion core. Everything here is synchronous and pure: a solver is a generator that
 * yields "evaluate the network here" and receives the prediction, so it needs no network, thread or promise,
 * and whoever drives it may cancel, preview or batch between any two evaluations.
 */

/**
 * Values of a tensor in row-major order. Solvers compute in double precision and store in the type they were
 * given: Float32Array for pictures, Float64Array where a test wants to see the solver's own error.
 */
export type Latent = Float32Array | Float64Array;

/** What the network's output means. Names follow `prediction_type` of scheduler_config.json. */
export type PredictionType =
  | 'epsilon'
  | 'v_prediction'
  | 'sample'
  | 'flow_prediction'
  | 'score'
  | 'trigflow'
  | 'logits';

/** Source of randomness, passed in everywhere. Equal seeds give equal bits on every machine. */
export interface Rng {
  /** Fills `out` with standard normal values, as one call of `randn(out.length)` in out's own precision. */
  randn(out: Latent): void;
  /** Fills `out` with uniform values in [0, 1), as one call of `rand(out.length)`. */
  rand(out: Latent): void;
  /** Fills `out` with integers in [low, high). */
  randint(low: bigint, high: bigint, out: BigInt64Array): void;
  /** A random permutation of 0 … n-1. */
  randperm(n: number): Int32Array;
}

/** What a caller may ask of a schedule. Exactly one of `steps`, `timesteps` and `sigmas` is enough. */
export interface PlanRequest {
  /** Number of denoising steps, at least 1. */
  readonly steps?: number;
  /** Own timesteps, descending, in training units (0 … num_train_timesteps - 1). */
  readonly timesteps?: readonly number[];
  /** Own noise levels, descending. */
  readonly sigmas?: readonly number[];
  /** Shift of a flow schedule whose configuration says `use_dynamic_shifting`. */
  readonly mu?: number;
  /** Consistency distillation only: grid the student was distilled on. */
  readonly originalSteps?: number;
  /** Consistency distillation only: share of that grid in use, 0 < strength <= 1. */
  readonly strength?: number;
  /** RePaint only: how far back a resampling jump goes, in steps. */
  readonly jumpLength?: number;
  /** RePaint only: how often every part of the way is walked. */
  readonly jumpCount?: number;
  /** Replaces the computed noise levels value by value (a table tuned by hand, or a reference table). */
  readonly sigmaTable?: ArrayLike<number>;
}

export type TimestepKind = 'int64' | 'float32' | 'float64';

/** A schedule worked out for one request: when the network is evaluated and at which noise levels. */
export interface Plan {
  /** Denoising steps, which is fewer than `timesteps.length` for solvers with several evaluations a step. */
  readonly steps: number;
  /** One per network evaluation, in order. Values may repeat: count evaluations, never look a value up. */
  readonly timesteps: Float64Array;
  /** The type the reference gives timesteps; a network input of another type is cast from the value. */
  readonly timestepKind: TimestepKind;
  /** Noise levels (one more than evaluations), or empty where the solver works on alphas_cumprod alone. */
  readonly sigmas: Float64Array;
  /** Multiply unit noise by this to obtain the first x. */
  readonly initNoiseSigma: number;
  /** Entries of `timesteps` per step once the solver is running: 1, or 2 for Heun and DPM2. */
  readonly order: number;
  /** Arrays only this class has, by the reference's name (`sigmas_interpol` …). */
  readonly internals?: Readonly<Record<string, Float64Array>>;
  /**
   * Starts a solver at x, which it owns, moves in place and returns at the end.
   * @throws RangeError when options do not fit (a stochastic solver without `rng`, `begin` out of range …).
   */
  solve(x: Latent, options?: SolveOptions): Solver;
  /** out = the noised original as the solver expects it before evaluation `index`. */
  addNoise(index: number, original: Latent, noise: Latent, out: Latent): void;
  /** x = alpha · original + sigma · noise before evaluation `index` (index = timesteps.length: the end). */
  level(index: number): NoiseLevel;
}

/** x = alpha · original + sigma · noise. */
export interface NoiseLevel {
  readonly alpha: number;
  readonly sigma: number;
}

export interface SolveOptions {
  /** Needed by stochastic solvers; others draw nothing. */
  readonly rng?: Rng;
  /** First evaluation to make, a multiple of `order` (image to image starts late). Default 0. */
  readonly begin?: number;
  /** One past the last evaluation (a base model that hands over to a refiner). Default: all. */
  readonly end?: number;
  /** Pictures in x, for rules that work per picture (dynamic thresholding, learned variance). Default 1. */
  readonly batch?: number;
  /** DDIM and TCD: 0 is deterministic, 1 adds the most noise. */
  readonly eta?: number;
  /** Euler and EDM Euler: noise churn of Karras et al. 2022, algorithm 2. */
  readonly churn?: Churn;
  /** DDIM: derive the noise direction again from the clipped x0. */
  readonly useClippedPrediction?: boolean;
  /** LMS: how many past derivatives to use, 1 … 4. */
  readonly lmsOrder?: number;
  /** RePaint only: what to keep. */
  readonly keep?: Keep;
  /**
   * `reference` rounds a solver's scalars to float32 where the reference does; `double` never does, which shows the
   * method's own error. Default `reference`.
   */
  readonly scalars?: 'reference' | 'double';
  /**
   * DPMSolverSDE and CosineDPMSolverMultistep: draw the noise from a Brownian tree of this seed, or of one seed for each
   * picture, as the reference does. Without it the noise is drawn step by step from `rng`.
   */
  readonly noiseSeed?: NoiseSeed;
  /** Called in the given order after every evaluation. */
  readonly hooks?: readonly Hook[];
}

/** One seed for the whole tensor, or one for each picture of the batch: integers of any size, not below zero. */
export type NoiseSeed = number | bigint | readonly (number | bigint)[];

/** A part of a clean sample that must survive: 1 in the mask keeps, 0 is made anew. Arrays of x's length. */
export interface Keep {
  readonly original: Latent;
  readonly mask: Latent;
}

export interface Churn {
  readonly amount: number;
  readonly sigmaMin: number;
  readonly sigmaMax: number;
  /** Standard deviation of the added noise, usually 1. */
  readonly noise: number;
}

/** A solver in progress: yields evaluations, receives predictions (same shape as x), returns the last x. */
export type Solver = Generator<Evaluation, Latent, Latent>;

/**
 * "Evaluate the network here." The object and its arrays belong to the solver and are reused: read them before
 * the next `next()`. x = alpha · x0 + sigma · noise.
 */
export interface Evaluation extends NoiseLevel {
  /** Position in `plan.timesteps`. */
  readonly index: number;
  readonly timestep: number;
  readonly x: Latent;
  /** x scaled as the network was trained to see it; the very same array as x where nothing is scaled. */
  readonly input: Latent;
}

/** Sees, and may rewrite, x after every evaluation. */
export interface Hook {
  afterStep(x: Latent, at: StepContext): void;
}

export interface StepContext {
  /** The evaluation just consumed; x now stands before evaluation index + 1. */
  readonly index: number;
  /** True after the solver's last evaluation. */
  readonly last: boolean;
  /** The prediction just received. */
  readonly prediction: Latent;
  readonly plan: Plan;
}

/** A diffusers scheduler, read from its configuration. */
export interface Scheduler {
  /** `_class_name` of scheduler_config.json. */
  readonly className: string;
  readonly predictionType: PredictionType;
  /** True when every run needs `rng`, whatever the options but `noiseSeed`. */
  readonly stochastic: boolean;
  readonly numTrainTimesteps: number;
  /** @throws RangeError when the request does not fit the configuration, naming the field. */
  plan(request: PlanRequest): Plan;
  /** Signal and noise factors at a training timestep, without any plan (noise-conditioned cascades). */
  levelAt(timestep: number): NoiseLevel;
}

/** Which conditioning a network evaluation uses. */
export type Branch = 'positive' | 'negative' | 'image';

/** Where in the run guidance is asked for its branches. */
export interface GuidancePoint extends NoiseLevel {
  readonly index: number;
  /** Evaluations in the run. */
  readonly count: number;
  readonly timestep: number;
}

/** Turns one prediction per conditioning into the prediction the solver gets. */
export interface Guidance {
  /** The conditionings to evaluate at this point, in the order `combine` expects. */
  branches(at: GuidancePoint): readonly Branch[];
  /** out = the guided prediction, in float32. `out` may be one of `predictions`. */
  combine(predictions: readonly Float32Array[], at: GuidancePoint, out: Float32Array): void;
}

/** A forward process and its reverse on any kind of data: X a state, P a prediction, T a time. */
export interface Corruption<X, P, T> {
  /** A sample of the process at its noisy end. */
  prior(rng: Rng): X;
  /** A sample of the process at time t, started from `original`. */
  forward(original: X, t: T, rng: Rng): X;
  /** One step of the reverse process from t back to s. */
  reverse(x: X, prediction: P, t: T, s: T, rng: Rng): X;
}

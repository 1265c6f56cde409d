import { combine2, divide, zerosLike } from './math/kernels.ts';
import type {
  Evaluation,
  Latent,
  NoiseLevel,
  Plan,
  SolveOptions,
  Solver,
  StepContext,
  TimestepKind,
} from './types.ts';

/** What a schedule works out; `makePlan` adds what all plans share. */
export interface PlanParts {
  readonly className: string;
  readonly steps: number;
  readonly timesteps: Float64Array;
  readonly timestepKind: TimestepKind;
  readonly sigmas: Float64Array;
  readonly initNoiseSigma: number;
  readonly order: number;
  readonly internals?: Readonly<Record<string, Float64Array>>;
  /** x = alpha·original + sigma·noise before evaluation `index`, 0 … timesteps.length. */
  readonly level: (index: number) => NoiseLevel;
  /** The network sees x divided by this; absent where it sees x itself. */
  readonly inputDivisor?: (index: number) => number;
  /** True when the solver may not run without `rng` under these options. */
  readonly needsRng?: (options: SolveOptions) => boolean;
  readonly solver: (run: Run) => Solver;
}

/** Completes a schedule's parts into a plan. */
export function makePlan(parts: PlanParts): Plan {
  const { timesteps } = parts;
  const levels = Array.from({ length: timesteps.length + 1 }, (_, index) => parts.level(index));
  const divisors = parts.inputDivisor && Float64Array.from(timesteps, (_, index) => divisorAt(parts, index));
  const plan: Plan = {
    steps: parts.steps,
    timesteps,
    timestepKind: parts.timestepKind,
    sigmas: parts.sigmas,
    initNoiseSigma: parts.initNoiseSigma,
    order: parts.order,
    internals: parts.internals,
    solve(x, options = {}) {
      if (!options.rng && parts.needsRng?.(options)) {
        throw new RangeError(`${parts.className} draws noise: pass an rng`);
      }
      return parts.solver(new Run({ plan, levels, divisors, x, options }));
    },
    addNoise(index, original, noise, out) {
      const { alpha, sigma } = plan.level(index);
      combine2(out, alpha, original, sigma, noise);
    },
    level(index) {
      const level = levels[index];
      if (!level) throw new RangeError(`evaluation ${index} is outside 0 … ${timesteps.length}`);
      return level;
    },
  };
  return plan;
}

function divisorAt(parts: PlanParts, index: number): number {
  return parts.inputDivisor ? parts.inputDivisor(index) : 1;
}

interface RunParts {
  readonly plan: Plan;
  readonly levels: readonly NoiseLevel[];
  readonly divisors: Float64Array | undefined;
  readonly x: Latent;
  readonly options: SolveOptions;
}

/** One solver's state that is not its own: x, the range of evaluations, hooks, and the request it yields. */
export class Run {
  readonly plan: Plan;
  readonly options: SolveOptions;
  readonly x: Latent;
  readonly begin: number;
  readonly end: number;
  readonly #levels: readonly NoiseLevel[];
  readonly #divisors: Float64Array | undefined;
  #noise: Latent | undefined;
  readonly #evaluation: { -readonly [K in keyof Evaluation]: Evaluation[K] };
  readonly #context: { -readonly [K in keyof StepContext]: StepContext[K] };

  constructor({ plan, levels, divisors, x, options }: RunParts) {
    const count = plan.timesteps.length;
    const { begin = 0, end = count } = options;
    if (!Number.isInteger(begin) || !Number.isInteger(end) || begin < 0 || end > count || begin > end) {
      throw new RangeError(`evaluations ${begin} … ${end} do not lie within 0 … ${count}`);
    }
    this.plan = plan;
    this.options = options;
    this.x = x;
    this.begin = begin;
    this.end = end;
    this.#levels = levels;
    this.#divisors = divisors;
    const input = divisors ? zerosLike(x) : x;
    this.#evaluation = { index: begin, timestep: 0, alpha: 1, sigma: 0, x, input };
    this.#context = { index: begin, last: false, prediction: x, plan };
  }

  /** Unit noise like x, newly drawn into one array that every call reuses. */
  freshNoise(): Latent {
    const { rng } = this.options;
    if (!rng) throw new RangeError('this solver draws noise: pass an rng');
    this.#noise ??= this.buffer();
    rng.randn(this.#noise);
    return this.#noise;
  }

  /** The request to yield for evaluation `index`, its input scaled for the network. */
  at(index: number): Evaluation {
    const evaluation = this.#evaluation;
    evaluation.index = index;
    evaluation.timestep = this.plan.timesteps[index];
    evaluation.alpha = this.#levels[index].alpha;
    evaluation.sigma = this.#levels[index].sigma;
    if (this.#divisors) divide(evaluation.input, this.x, this.#divisors[index]);
    return evaluation;
  }

  /** Shows the hooks the x that follows evaluation `index`. */
  after(index: number, prediction: Latent): void {
    const { hooks } = this.options;
    if (!hooks) return;
    const context = this.#context;
    context.index = index;
    context.last = index === this.end - 1;
    context.prediction = prediction;
    for (const hook of hooks) hook.afterStep(this.x, context);
  }

  /** A zeroed array like x, for a solver's own memory. */
  buffer(): Latent {
    return zerosLike(this.x);
  }
}

import {
  type AlphaSchedule,
  cosineAlpha,
  geometricAlpha,
  linearAlpha,
  loglinearAlpha,
} from '../../models/core/discrete/alpha.ts';
import { D3pm, evenBeta } from '../../models/core/discrete/d3pm.ts';
import {
  expectedMasked,
  maskedDiffusion,
  maskedPosterior,
  maskgitCounts,
  softmaxRows,
  stayMasked,
} from '../../models/core/discrete/mdlm.ts';
import { TorchGenerator } from '../../models/core/random/torch-generator.ts';
import { absolute, firstOf, relative, within } from './compare.ts';
import type { GoldenCase, Level, Verdict } from './level.ts';
import { numbers, readJson, type Stored } from './stored.ts';

interface NeighbourModel {
  readonly A: Stored;
  readonly B: Stored;
  readonly C?: Stored;
}

interface PosteriorCase {
  readonly schedule: string;
  readonly t: number;
  readonly s: number;
  readonly alpha_t: number;
  readonly alpha_s: number;
  readonly prob_stay_masked: number;
  readonly x_t: readonly number[];
  readonly posterior: Stored;
}

interface CountsCase {
  readonly schedule: string;
  readonly steps: number;
  readonly t: Stored;
  readonly alpha: Stored;
  readonly expected_masked: Stored;
  readonly expected_unmasked_in_step: Stored;
}

interface D3pmStep {
  readonly t: number;
  readonly 'q_posterior[x_t][x_0][x_{t-1}]': Stored;
  readonly p0: Stored;
  readonly x_t: number;
  readonly 'p_theta(x_{t-1}|x_t)': Stored;
}

interface D3pmCase {
  readonly kind: 'absorbing' | 'uniform';
  readonly T: number;
  readonly beta: string;
  readonly Qbar_T: Stored;
  readonly cases: readonly D3pmStep[];
}

interface Suite {
  readonly vocab: number;
  readonly length: number;
  readonly model: NeighbourModel;
  readonly model_probs: readonly { readonly x: readonly number[]; readonly probs: Stored }[];
  readonly mdlm_posterior: { readonly cases: readonly PosteriorCase[] };
  readonly expected_counts: { readonly cases: readonly CountsCase[] };
  readonly maskgit_counts: readonly {
    readonly steps: number;
    readonly still_masked_after_step: readonly number[];
  }[];
  readonly sampler_trace: readonly {
    readonly seed: number;
    readonly steps: number;
    readonly x_after_each_step: readonly (readonly number[])[];
  }[];
  readonly exact_law: {
    readonly vocab: number;
    readonly length: number;
    readonly A: Stored;
    readonly B: Stored;
    readonly laws: readonly { readonly steps: number; readonly prob: Stored }[];
  };
  readonly d3pm: readonly D3pmCase[];
}

/** An alpha of exactly zero is compared as such; rounding of cos(pi/2) is not a difference. */
const close = relative(1e-10, 1e-16);

/** Masked and discrete diffusion against closed forms. */
export const level: Level = {
  name: 'discrete',
  cases(dir) {
    const suite = readJson<Suite>(dir, 'discrete/cases.json');
    if (!suite) return [];
    return [
      ...modelCases(suite),
      ...posteriorCases(suite),
      ...countCases(suite),
      ...traceCases(suite),
      ...lawCases(suite),
      ...suite.d3pm.flatMap(d3pmCases),
    ];
  },
};

function alphaOf(schedule: string): AlphaSchedule {
  const [name, epsilon] = schedule.split('_eps');
  switch (name) {
    case 'loglinear':
      return loglinearAlpha(Number(epsilon));
    case 'linear':
      return linearAlpha;
    case 'cosine':
      return cosineAlpha;
    case 'geometric':
      return geometricAlpha(0.01, 5);
    default:
      throw new RangeError(`the suite asks for alpha ${schedule}, which this runner does not know`);
  }
}

/** The suite's stand-in for a network: logits from a position and its neighbours. */
function predictor(
  vocab: number,
  length: number,
  { A, B, C }: NeighbourModel,
): (x: ArrayLike<number>) => Float64Array {
  const own = numbers(A);
  const left = numbers(B);
  const right = C && numbers(C);
  return (x) => {
    const logits = Float64Array.from(own, (value, k) => {
      const i = Math.floor(k / vocab);
      const v = k % vocab;
      const before = i > 0 ? x[i - 1] : vocab;
      const after = i + 1 < length ? x[i + 1] : vocab;
      return value + left[before * vocab + v] + (right ? right[after * vocab + v] : 0);
    });
    return softmaxRows(logits, vocab);
  };
}

function modelCases({ vocab, length, model, model_probs }: Suite): GoldenCase[] {
  const predict = predictor(vocab, length, model);
  return model_probs.map(({ x, probs }, i) => ({
    id: `model ${i}`,
    run: () => within('probabilities', predict(x), numbers(probs), close),
  }));
}

function posteriorCases({ vocab, length, model, mdlm_posterior }: Suite): GoldenCase[] {
  const predict = predictor(vocab, length, model);
  return mdlm_posterior.cases.map((golden) => ({
    id: `posterior ${golden.schedule} t ${golden.t} s ${golden.s}`,
    run() {
      const process = { vocab, length, alpha: alphaOf(golden.schedule) };
      const { t, s, x_t: x } = golden;
      return firstOf(
        within('alpha_t', [process.alpha(t)], [golden.alpha_t], close),
        within('alpha_s', [process.alpha(s)], [golden.alpha_s], close),
        within('stay', [stayMasked(process, t, s)], [golden.prob_stay_masked], close),
        within('posterior', maskedPosterior(process, x, predict(x), t, s), numbers(golden.posterior), close),
      );
    },
  }));
}

function countCases({ vocab, length, expected_counts, maskgit_counts }: Suite): GoldenCase[] {
  const expected = expected_counts.cases.map((golden) => ({
    id: `expected counts ${golden.schedule} in ${golden.steps}`,
    run(): Verdict {
      const process = { vocab, length, alpha: alphaOf(golden.schedule) };
      const times = Float64Array.from({ length: golden.steps + 1 }, (_, k) => 1 - k / golden.steps);
      const masked = times.map((t) => expectedMasked(process, t));
      const revealed = masked.slice(1).map((value, k) => masked[k] - value);
      const counted = relative(1e-10, 1e-13);
      return firstOf(
        within('t', times, numbers(golden.t), close),
        within('alpha', times.map(process.alpha), numbers(golden.alpha), close),
        within('masked', masked, numbers(golden.expected_masked), counted),
        within('revealed', revealed, numbers(golden.expected_unmasked_in_step), counted),
      );
    },
  }));
  const confidence = maskgit_counts.map((golden) => ({
    id: `MaskGIT counts in ${golden.steps}`,
    run: () =>
      within('masked', maskgitCounts(length, golden.steps), golden.still_masked_after_step, absolute(0)),
  }));
  return [...expected, ...confidence];
}

function traceCases({ vocab, length, model, sampler_trace }: Suite): GoldenCase[] {
  const predict = predictor(vocab, length, model);
  return sampler_trace.map(({ seed, steps, x_after_each_step: expected }) => ({
    id: `trace seed ${seed}`,
    run() {
      const process = maskedDiffusion({ vocab, length, alpha: linearAlpha });
      const rng = new TorchGenerator(seed);
      let x = process.prior(rng);
      const verdicts = expected.map((after, k) => {
        x = process.reverse(x, predict(x), 1 - k / steps, 1 - (k + 1) / steps, rng);
        return within(`tokens after step ${k}`, x, after, absolute(0));
      });
      return firstOf(...verdicts);
    },
  }));
}

function lawCases({ exact_law: { vocab, length, A, B, laws } }: Suite): GoldenCase[] {
  const predict = predictor(vocab, length, { A, B });
  return laws.map(({ steps, prob }) => ({
    id: `exact law in ${steps}`,
    run: () => within('law', exactLaw({ vocab, length, steps, predict }), numbers(prob), close),
  }));
}

interface LawParts {
  readonly vocab: number;
  readonly length: number;
  readonly steps: number;
  readonly predict: (x: ArrayLike<number>) => Float64Array;
}

/** The law of the sampler's result, by following the probability of every sequence through every step. */
function exactLaw({ vocab, length, steps, predict }: LawParts): Float64Array {
  const process = { vocab, length, alpha: linearAlpha };
  let law = new Map([[new Array<number>(length).fill(vocab).join(), 1]]);
  for (let k = 0; k < steps; k++) {
    const next = new Map<string, number>();
    for (const [key, probability] of law) {
      const x = key.split(',').map(Number);
      const posterior = maskedPosterior(process, x, predict(x), 1 - k / steps, 1 - (k + 1) / steps);
      let reached: (readonly [readonly number[], number])[] = [[[], probability]];
      for (let i = 0; i < length; i++) {
        reached = reached.flatMap(([head, p]) =>
          Array.from(
            { length: vocab + 1 },
            (_, v) => [[...head, v], p * posterior[i * (vocab + 1) + v]] as const,
          ),
        );
      }
      for (const [sequence, p] of reached) {
        if (p > 0) next.set(sequence.join(), (next.get(sequence.join()) ?? 0) + p);
      }
    }
    law = next;
  }
  return Float64Array.from({ length: vocab ** length }, (_, index) => {
    const tokens = Array.from({ length }, (_, i) => Math.floor(index / vocab ** (length - 1 - i)) % vocab);
    return law.get(tokens.join()) ?? 0;
  });
}

function d3pmCases(golden: D3pmCase): GoldenCase[] {
  const states = Math.sqrt(numbers(golden.Qbar_T).length);
  const process = new D3pm({ states, steps: golden.T, beta: betaOf(golden), kind: golden.kind }, 1);
  const whole: GoldenCase = {
    id: `D3PM ${golden.kind} cumulative`,
    run: () => within('Qbar', process.cumulative(golden.T), numbers(golden.Qbar_T), close),
  };
  const steps = golden.cases.map((step) => ({
    id: `D3PM ${golden.kind} t ${step.t}`,
    run(): Verdict {
      const table: number[] = [];
      for (let now = 0; now < states; now++) {
        for (let original = 0; original < states; original++) {
          table.push(...process.posterior(now, original, step.t));
        }
      }
      const law = process.reverseLaw(step.x_t, numbers(step.p0), step.t);
      return firstOf(
        within('posterior', table, numbers(step['q_posterior[x_t][x_0][x_{t-1}]']), close),
        within('reverse law', law, numbers(step['p_theta(x_{t-1}|x_t)']), close),
      );
    },
  }));
  return [whole, ...steps];
}

/** The suite spells beta as `1/(T-t+1)` or as a straight line `a+b*t/T`. */
function betaOf({ beta, T }: D3pmCase): (t: number) => number {
  if (beta === '1/(T-t+1)') return evenBeta(T);
  const line = /^([0-9.]+)\+([0-9.]+)\*t\/T$/.exec(beta);
  if (!line) throw new RangeError(`the suite asks for beta ${beta}, which this runner does not know`);
  return (t) => Number(line[1]) + (Number(line[2]) * t) / T;
}

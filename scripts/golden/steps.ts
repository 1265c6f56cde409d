import path from 'node:path';
import { readScheduler } from '../../models/core/config/read.ts';
import { TorchGenerator } from '../../models/core/random/torch-generator.ts';
import type { Evaluation, Latent, SolveOptions } from '../../models/core/types.ts';
import { absolute, firstOf, sameHash, within } from './compare.ts';
import type { Level, Verdict } from './level.ts';
import { planRequest, type SetTimesteps } from './scheduler-case.ts';
import { numbers, readJson, type Stored, type StoredNumber, toNumber } from './stored.ts';

interface StepKwargs {
  readonly eta?: number;
  readonly order?: number;
  readonly use_clipped_model_output?: boolean;
  readonly s_churn?: number;
  readonly s_tmin?: number;
  readonly s_tmax?: StoredNumber;
  readonly s_noise?: number;
}

interface ExpectedStep {
  readonly sha256: string;
  readonly probe_index: readonly number[];
  readonly probe_value: readonly StoredNumber[];
  readonly scaled_input_probe_value?: readonly StoredNumber[];
}

interface StepsCase {
  readonly id: string;
  readonly class: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly set_timesteps: SetTimesteps;
  readonly step_kwargs: StepKwargs;
  readonly shape: readonly number[];
  readonly seed_x: number;
  readonly seed_model_output_first: number;
  readonly seed_noise?: number;
  /** Noise from a Brownian tree: one seed for the tensor, or one for each picture. */
  readonly seeds_brownian?: readonly string[];
  readonly init_noise_sigma: number;
  readonly sigmas?: readonly StoredNumber[];
  readonly timesteps: readonly StoredNumber[];
  readonly model_output_channels?: number;
  readonly learned_variance_transform?: string;
  readonly level: 'exact' | 'abs';
  readonly tol_abs: readonly number[];
  readonly steps: readonly ExpectedStep[];
  readonly final: Stored;
}

/** Solvers fed with random predictions: every step, and the end. */
export const level: Level = {
  name: 'steps',
  cases(dir) {
    return ['steps/cases.json', 'steps/brownian.json']
      .flatMap((file) => readJson<{ cases: readonly StepsCase[] }>(dir, file)?.cases ?? [])
      .map((golden) => ({ id: golden.id, run: () => check(golden, path.join(dir, 'steps')) }));
  },
};

function check(golden: StepsCase, folder: string): Verdict {
  const { scheduler } = readScheduler({ ...golden.config, _class_name: golden.class });
  const sigmaTable = golden.sigmas?.map((sigma) => Math.fround(toNumber(sigma)));
  const plan = scheduler.plan({ ...planRequest(golden.set_timesteps), ...(sigmaTable && { sigmaTable }) });
  if (plan.timesteps.length !== golden.steps.length) {
    return `the plan has ${plan.timesteps.length} evaluations, expected ${golden.steps.length}`;
  }
  const size = golden.shape.reduce((a, b) => a * b, 1);
  const x = new Float32Array(size);
  new TorchGenerator(golden.seed_x).randn(x);
  const scale = Math.fround(golden.init_noise_sigma);
  for (let i = 0; i < size; i++) x[i] *= scale;
  const failures: Verdict[] = [];
  const solver = plan.solve(x, {
    ...optionsOf(golden),
    hooks: [{ afterStep: (after, { index }) => void failures.push(checkStep(golden, index, after)) }],
  });
  let next = solver.next();
  while (!next.done) {
    const { index } = next.value;
    failures.push(checkInput(golden, index, next.value));
    next = solver.next(predictionAt(golden, index, size));
  }
  const [last = 0] = golden.tol_abs.slice(-1);
  const final = numbers(golden.final, folder);
  return firstOf(
    ...failures,
    within('final', next.value, final, absolute(golden.level === 'exact' ? 0 : last)),
  );
}

function optionsOf(golden: StepsCase): SolveOptions {
  const { step_kwargs: kwargs, seed_noise: seed, seeds_brownian: seeds } = golden;
  const { eta, order, use_clipped_model_output: clipped, s_churn: churn } = kwargs;
  return {
    batch: golden.shape[0],
    ...(seed !== undefined && { rng: new TorchGenerator(seed) }),
    ...(seeds && { noiseSeed: seeds.map(BigInt) }),
    ...(eta !== undefined && { eta }),
    ...(order !== undefined && { lmsOrder: order }),
    ...(clipped !== undefined && { useClippedPrediction: clipped }),
    ...(churn !== undefined && {
      churn: {
        amount: churn,
        sigmaMin: kwargs.s_tmin ?? 0,
        sigmaMax: toNumber(kwargs.s_tmax ?? 'Infinity'),
        noise: kwargs.s_noise ?? 1,
      },
    }),
  };
}

/** A random prediction from a generator of its own; a learned variance is made positive as the suite says. */
function predictionAt(golden: StepsCase, index: number, size: number): Float32Array {
  const [, channels = 1] = golden.shape;
  const factor = (golden.model_output_channels ?? channels) / channels;
  const prediction = new Float32Array(size * factor);
  new TorchGenerator(golden.seed_model_output_first + index).randn(prediction);
  const batch = golden.shape[0];
  const perPicture = prediction.length / batch;
  if (factor === 2) {
    for (let i = 0; i < prediction.length; i++) {
      if (i % perPicture >= perPicture / 2) prediction[i] = transformVariance(golden, prediction[i]);
    }
  }
  return prediction;
}

function transformVariance(golden: StepsCase, value: number): number {
  switch (golden.learned_variance_transform) {
    case 'tanh':
      return Math.tanh(value);
    case 'abs*0.01+0.001':
      return Math.fround(Math.fround(Math.abs(value)) * Math.fround(0.01)) + Math.fround(0.001);
    default:
      return value;
  }
}

function checkStep(golden: StepsCase, index: number, x: Latent): Verdict {
  const { sha256, probe_index, probe_value } = golden.steps[index];
  const what = `step ${index}`;
  const probes = probe_index.map((at) => x[at]);
  const limit = golden.level === 'exact' ? 0 : golden.tol_abs[index];
  const probed = within(`${what} probe`, probes, probe_value.map(toNumber), absolute(limit));
  return probed ?? (golden.level === 'exact' ? sameHash(what, x, sha256) : null);
}

/** The input may be as far off as the x it is scaled from, and 2e-6 of its own size. */
function checkInput(golden: StepsCase, index: number, { x, input }: Evaluation): Verdict {
  const { scaled_input_probe_value: expected, probe_index } = golden.steps[index];
  if (!expected) return null;
  const probes = probe_index.map((at) => input[at]);
  const values = expected.map(toNumber);
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  const scale = x[0] === 0 ? 1 : Math.abs(input[0] / x[0]);
  const inherited = index > 0 && golden.level === 'abs' ? golden.tol_abs[index - 1] * scale : 0;
  return within(`scaled input ${index} probe`, probes, values, absolute(2e-6 * largest + inherited));
}

import type { Branch, Evaluation, Guidance, Hook, Keep, NoiseSeed, Plan, Rng } from '../../core/types.ts';
import type { ModelSession } from '../../runtime/session.ts';
import { countElements, float32Tensor, floatData, type HostTensor } from '../../runtime/tensor.ts';
import { type BranchWay, branchTrialOf } from '../branch-trial.ts';
import type { ModelFolder } from './model-folder.ts';

/** Latents after one network evaluation. The array is the loop's own: read it before asking for the next event. */
export interface StepEvent {
  readonly type: 'step';
  /** Evaluations done so far in this run, from 1. */
  readonly step: number;
  readonly steps: number;
  readonly shape: readonly number[];
  readonly latents: Float32Array;
}

/** The end of a latent run: latents, what the decoder was given, and its raw output. */
export interface LatentResult {
  readonly type: 'result';
  readonly latents: HostTensor;
  readonly decoderInput: HostTensor;
  readonly decoded: HostTensor;
}

export interface RunContext {
  readonly folder: ModelFolder;
  readonly signal: AbortSignal;
  /** How guidance branches go through the network, where it is not to be measured. */
  readonly branchWay?: BranchWay;
}

export interface LatentLoop {
  readonly plan: Plan;
  /** Latents at the level of evaluation `begin`; moved in place. */
  readonly x: Float32Array;
  readonly shape: readonly number[];
  readonly begin?: number;
  readonly end?: number;
  readonly eta?: number;
  readonly rng?: Rng;
  readonly hooks?: readonly Hook[];
  /** For a RePaint plan: what survives. */
  readonly keep?: Keep;
  readonly noiseSeed?: NoiseSeed;
  readonly guidance: Guidance;
  /** The network that `evaluate` runs. */
  readonly denoiser: ModelSession;
  /** Returns one prediction for each branch, in their order, each of the size of x. Called with some branches or with all. */
  readonly evaluate: (branches: readonly Branch[], at: Evaluation) => Promise<readonly Float32Array[]>;
  readonly context: RunContext;
}

/** Everything but the network: runs a solver to its end, yielding after each evaluation. Returns the last x. */
export async function* runLatentLoop(loop: LatentLoop): AsyncGenerator<StepEvent, Float32Array> {
  const { plan, x, shape, guidance, context } = loop;
  const count = plan.timesteps.length;
  const { begin = 0, end = count } = loop;
  const solver = plan.solve(x, {
    begin,
    end,
    rng: loop.rng,
    eta: loop.eta,
    batch: shape[0],
    hooks: loop.hooks,
    keep: loop.keep,
    noiseSeed: loop.noiseSeed,
  });
  const prediction = new Float32Array(x.length);
  let turn = solver.next();
  let step = 0;
  while (turn.done !== true) {
    context.signal.throwIfAborted();
    const at = turn.value;
    const { index, timestep, alpha, sigma } = at;
    const point = { index, timestep, alpha, sigma, count };
    const predictions = await evaluateBranches(loop, guidance.branches(point), at);
    guidance.combine(predictions, point, prediction);
    turn = solver.next(prediction);
    step += 1;
    yield { type: 'step', step, steps: end - begin, shape, latents: x };
  }
  return x;
}

/** Evaluates branches in one run or in one each, whichever is faster for this network, device and shape. */
async function evaluateBranches(
  { denoiser, shape, context, evaluate }: LatentLoop,
  branches: readonly Branch[],
  at: Evaluation,
): Promise<readonly Float32Array[]> {
  if (branches.length === 1) return evaluate(branches, at);
  const ways = {
    together: () => evaluate(branches, at),
    async 'one-by-one'() {
      const predictions: Float32Array[] = [];
      for (const branch of branches) predictions.push(...(await evaluate([branch], at)));
      return predictions;
    },
  };
  if (context.branchWay !== undefined) return ways[context.branchWay]();
  return branchTrialOf(denoiser, shape, branches.length).run(ways);
}

/** Guidance that evaluates the positive conditioning alone. */
export const UNGUIDED: Guidance = {
  branches: () => ['positive'],
  combine(predictions, _at, out) {
    out.set(predictions[0]);
  },
};

/** Where image-to-image starts: the last `strength` share of the steps, rounded down. */
export function beginOf(plan: Plan, strength: number): number {
  const kept = Math.min(Math.trunc(plan.steps * strength), plan.steps);
  return (plan.steps - kept) * plan.order;
}

/** The same for rectified flows, whose pipelines round up: the last `strength` share of the steps and what it cuts. */
export function beginOfFlow(plan: Plan, strength: number): number {
  return Math.trunc(Math.max(plan.steps - plan.steps * strength, 0)) * plan.order;
}

/** Returns a network's output as one array a branch, in the order of the batch. */
export function splitBranches(out: HostTensor, branches: number): readonly Float32Array[] {
  const values = floatData(out);
  const length = values.length / branches;
  return Array.from({ length: branches }, (_, i) => values.subarray(i * length, (i + 1) * length));
}

/**
 * Returns what the network is to see as a tensor, on the solver's own array: it stays as it is until the prediction is handed
 * over.
 */
export function inputTensor({ input }: Evaluation, shape: readonly number[]): HostTensor {
  return { shape, data: input instanceof Float32Array ? input : Float32Array.from(input) };
}

/** Returns one timestep for each row of a batch. */
export function timestepTensor(rows: number, timestep: number): HostTensor {
  return float32Tensor([rows], new Float32Array(rows).fill(timestep));
}

export function drawNoise(shape: readonly number[], rng: Rng): Float32Array {
  const noise = new Float32Array(countElements(shape));
  rng.randn(noise);
  return noise;
}

/** Returns noise times a scheduler's first noise level, in float32. */
export function scaleNoise(noise: Float32Array, sigma: number): Float32Array {
  const f = Math.fround(sigma);
  return noise.map((value) => value * f);
}

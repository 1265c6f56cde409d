import { readScheduler } from '../../core/config/read.ts';
import { classifierFree } from '../../core/guidance/classifier-free.ts';
import { dualGuidance } from '../../core/guidance/dual.ts';
import { replaceHook } from '../../core/hooks/replace.ts';
import { TorchGenerator } from '../../core/random/torch-generator.ts';
import type { Guidance, Hook, Plan } from '../../core/types.ts';
import { usualImageGuidanceScale } from '../../../shared/contracts/recipe.ts';
import type { HouseImageManifest } from '../../catalog/manifest.ts';
import type { ImageRequest } from '../image-request.ts';
import type { PreparedPictures } from './conditioning.ts';
import { flowMapFor } from './flow-map.ts';
import { freshNoiseHook } from './fresh-noise.ts';
import type { DenoiseInput, TextStates } from './model.ts';
import { predict } from './predict.ts';

/** What the sampler needs of a model. */
export interface SampleContext {
  readonly manifest: Pick<HouseImageManifest, 'nativeSize' | 'schedule' | 'flowMap'>;
  readonly positive: TextStates;
  readonly negative: TextStates;
  readonly pictures: PreparedPictures;
  /** Returns the predicted x0 of every branch. */
  readonly denoise: (input: DenoiseInput) => Promise<readonly Float32Array[]>;
  readonly signal: AbortSignal;
}

export interface SampleStep {
  readonly step: number;
  readonly steps: number;
  /** The guided prediction of the finished sample, [3, n, n] in about -1 … 1; the sampler's own array until the next step. */
  readonly x0: Float32Array;
}

export interface Sampled {
  /** [3, n, n] in about -1 … 1. */
  readonly x: Float32Array;
  /** Network evaluations, each guidance branch counted. */
  readonly evaluations: number;
}

/**
 * Draws one sample of the house core: torch noise from the seed, flow matching from noise or from the noised source, with
 * classifier-free guidance, or for an edit by instruction dual guidance; where `flowMapFor` says so by the pack's flow map, which
 * has guidance inside. Yields after each network evaluation.
 */
export async function* sampleHouse(
  request: ImageRequest,
  context: SampleContext,
): AsyncGenerator<SampleStep, Sampled> {
  const { manifest, pictures, signal } = context;
  const plan = makeFlowPlan(request, manifest.schedule.shift);
  const begin = firstEvaluation(request, plan);
  const flowMap = flowMapFor(request, manifest);
  const guidance = flowMap === null ? guidanceOf(request) : classifierFree({ scale: 1 });
  const noise = new Float32Array(3 * manifest.nativeSize ** 2);
  const rng = new TorchGenerator(request.seed);
  rng.randn(noise);
  const x = noise.slice();
  if (begin > 0 && pictures.source !== null) {
    plan.addNoise(begin, pictures.source, noise, x);
  }

  const { freshNoise } = flowMap ?? manifest.schedule;
  const renoise =
    request.solver === 'flow-euler' && freshNoise > 0 ? [freshNoiseHook({ share: freshNoise, rng })] : [];
  const solver = plan.solve(x, { begin, hooks: [...renoise, ...keepKnownPixels(pictures, noise)] });
  const steps = plan.steps - begin / plan.order;
  const x0 = new Float32Array(x.length);
  let evaluations = 0;
  let turn = solver.next();
  while (turn.done !== true) {
    signal.throwIfAborted();
    const { index, timestep, alpha, sigma } = turn.value;
    const point = { index, timestep, alpha, sigma, count: plan.timesteps.length };
    const branches = guidance.branches(point);
    const share = (index - begin) / (plan.timesteps.length - begin);
    const active = pictures.controls.filter(({ range: [start, end] }) => share >= start && share < end);
    const jump =
      flowMap === null ? null : { to: plan.sigmas[index + 1], guidanceScale: request.guidanceScale };
    // The network sees x itself: flow matching scales nothing, and the solver leaves x alone until it is answered.
    const predictions = await predict(branches, { x, t: sigma, jump, active }, context);
    evaluations += predictions.evaluations;
    guidance.combine(predictions.byBranch, point, x0);
    yield { step: Math.ceil((index + 1 - begin) / plan.order), steps, x0 };
    // Whoever wanted to see x0 has seen it: what is made of it takes its place.
    const velocity = x0;
    toVelocity(velocity, x, x0, sigma);
    turn = solver.next(velocity);
  }
  return { x, evaluations };
}

function guidanceOf({ mode, guidanceScale, imageGuidanceScale }: ImageRequest): Guidance {
  return mode === 'instruct'
    ? dualGuidance({ scale: guidanceScale, imageScale: imageGuidanceScale ?? usualImageGuidanceScale })
    : classifierFree({ scale: guidanceScale });
}

/**
 * The flow solvers integrate the velocity; the network predicts x0: v = (x - x0) / t. A function of its own, because the engine
 * compiles a loop inside a generator late and anew for every picture.
 */
function toVelocity(out: Float32Array, x: Float32Array, x0: Float32Array, t: number): void {
  for (let i = 0; i < out.length; i += 1) out[i] = (x[i] - x0[i]) / t;
}

/**
 * Noise levels 1, (n-1)/n … 1/n, 0, shifted as the pack was trained. The even grid wastes no step near zero, where the
 * network's x0 is already the answer.
 */
function makeFlowPlan(request: ImageRequest, shift: number): Plan {
  const levels = Array.from({ length: request.steps }, (_, i) => 1 - i / request.steps);
  switch (request.solver) {
    case 'flow-euler': {
      const config = { _class_name: 'FlowMatchEulerDiscreteScheduler', shift };
      return readScheduler(config).scheduler.plan({ sigmas: levels });
    }
    case 'flow-heun': {
      const config = { _class_name: 'FlowMatchHeunDiscreteScheduler', shift: 1 };
      const shifted = levels.map((sigma) => (shift * sigma) / (1 + (shift - 1) * sigma));
      const table = shifted.flatMap((sigma, i) => (i === 0 ? [sigma] : [sigma, sigma]));
      return readScheduler(config).scheduler.plan({ steps: request.steps, sigmaTable: [...table, 0] });
    }
  }
}

/** Where denoising starts: 0 from pure noise, later the more of the source is kept, the end when all of it is. */
function firstEvaluation(request: ImageRequest, plan: Plan): number {
  const { mode } = request;
  if (mode === 'text-to-image' || mode === 'extend' || mode === 'instruct' || request.strength === 1) {
    return 0;
  }
  if (request.strength === 0) {
    return plan.timesteps.length;
  }
  const kept = Math.min(Math.max(Math.floor(plan.steps * request.strength), 1), plan.steps);
  return (plan.steps - kept) * plan.order;
}

function keepKnownPixels(pictures: PreparedPictures, noise: Float32Array): readonly Hook[] {
  const { source, repaint } = pictures;
  if (source === null || repaint === null) {
    return [];
  }
  const mask = Float32Array.from(source, (_, i) => repaint[i % repaint.length]);
  return [replaceHook({ original: source, mask, noise })];
}

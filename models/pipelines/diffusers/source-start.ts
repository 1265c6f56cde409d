import { replaceHook } from '../../core/hooks/replace.ts';
import type { Hook, Plan, Rng } from '../../core/types.ts';
import { floatData, type HostTensor } from '../../runtime/tensor.ts';
import { PipelineError } from '../pipeline-error.ts';
import { concatAxis, repeatBatch } from './batches.ts';
import { drawNoise, scaleNoise } from './latent-loop.ts';
import type { Vae } from './vae.ts';

/** A picture to start from. */
export interface SourceRequest {
  /** [1, 3, H, W] in -1 … 1. */
  readonly source: HostTensor;
  /** [1, 1, H, W]: values of 0.5 and more are repainted; without it the whole picture changes. */
  readonly mask?: HostTensor;
  /** 0 … 1, default 1. */
  readonly strength?: number;
}

export interface SourceParts {
  readonly plan: Plan;
  readonly vae: Vae;
  readonly rng: Rng;
  /** Pictures to make of the one source. */
  readonly count: number;
  /** First evaluation, from `beginOf` or `beginOfFlow`. */
  readonly begin: number;
  /** Channels that the network takes. */
  readonly channels: number;
}

/** How a latent run begins. */
export interface Start {
  readonly x: Float32Array;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly hooks: readonly Hook[];
  /** Channels appended to the latents, [N, C, h, w]. */
  readonly extraChannels: HostTensor | null;
}

/**
 * Image to image and inpainting. For inpainting a network with a mask and a masked source among its channels (9 of 4 latent
 * ones) sees both beside the latents; another one gets the noised source put back outside the mask after every step.
 *
 * Draws, as the reference: posterior of the source (unless nothing of it is needed), noise, posterior of the masked source.
 * Throws PipelineError `unsupported` for a network that takes neither.
 */
export async function startFromSource(request: SourceRequest, parts: SourceParts): Promise<Start> {
  const { source, mask, strength = 1 } = request;
  const { plan, vae, rng, count, begin, channels } = parts;
  const seesMask = mask !== undefined && channels === 2 * vae.latentChannels + 1;
  if (!seesMask && channels !== vae.latentChannels) {
    const own = vae.latentChannels;
    throw new PipelineError(
      'unsupported',
      `This network takes ${channels} channels, which is neither ${own} nor ${2 * own + 1}${mask ? ' for inpainting' : ''}.`,
    );
  }
  const [, , height, width] = source.shape;
  const shape = [count, vae.latentChannels, Math.floor(height / vae.scale), Math.floor(width / vae.scale)];
  const needsOriginal = !seesMask || strength < 1;
  const original = needsOriginal ? await vae.encode(repeatBatch(source, count), rng) : null;
  const noise = drawNoise(shape, rng);
  const x = scaleNoise(noise, plan.initNoiseSigma);
  if (original !== null && (mask === undefined || strength < 1)) {
    plan.addNoise(begin, floatData(original), noise, x);
  }
  const start = { x, shape, begin, hooks: [], extraChannels: null };
  if (mask === undefined) return start;
  const maskedSource = await vae.encode(repeatBatch(hideMasked(source, mask), count), rng);
  const small = shrinkMask(mask, shape[2], shape[3]);
  if (seesMask) {
    const planes = repeatBatch({ shape: [1, 1, shape[2], shape[3]], data: small }, count);
    return { ...start, extraChannels: concatAxis([planes, maskedSource], 1) };
  }
  const whole = noise.map((_, i) => small[i % small.length]);
  return original === null
    ? start
    : { ...start, hooks: [replaceHook({ original: floatData(original), mask: whole, noise })] };
}

/** Returns the source with what will be repainted set to mid-grey (zero). */
function hideMasked(source: HostTensor, mask: HostTensor): HostTensor {
  const area = mask.data.length;
  const values = floatData(mask);
  return {
    shape: source.shape,
    data: floatData(source).map((value, i) => (values[i % area] < 0.5 ? value : 0)),
  };
}

/** Returns the mask, 0 or 1, at latent size by nearest neighbour. */
function shrinkMask(mask: HostTensor, height: number, width: number): Float32Array {
  const [, , fullHeight, fullWidth] = mask.shape;
  const values = floatData(mask);
  return Float32Array.from({ length: height * width }, (_, i) => {
    const y = Math.floor((Math.floor(i / width) * fullHeight) / height);
    const x = Math.floor(((i % width) * fullWidth) / width);
    return values[y * fullWidth + x] < 0.5 ? 0 : 1;
  });
}

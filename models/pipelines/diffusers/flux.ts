import { classifierFree } from '../../core/guidance/classifier-free.ts';
import { shiftForLength } from '../../core/schedule/flow.ts';
import type { Hook, Latent, Plan, Rng, Scheduler } from '../../core/types.ts';
import { float32Tensor, type HostTensor } from '../../runtime/tensor.ts';
import { repeatBatch } from './batches.ts';
import { lastHiddenState, openTextEncoder, pooledText } from './clip-text.ts';
import { type Told, tellBranches } from './conditioning.ts';
import {
  beginOfFlow,
  drawNoise,
  inputTensor,
  type LatentResult,
  type RunContext,
  runLatentLoop,
  type StepEvent,
  splitBranches,
  timestepTensor,
} from './latent-loop.ts';
import { configNumber, type ModelFolder } from './model-folder.ts';
import { type Start, startFromSource } from './source-start.ts';
import { openVae, type Vae } from './vae.ts';

export interface FluxRequest {
  readonly prompt: string;
  readonly negativePrompt: string;
  readonly width: number;
  readonly height: number;
  readonly steps: number;
  /** An input of guidance-distilled models; others ignore it. */
  readonly guidanceScale: number;
  /** Above 1, the negative prompt is evaluated too and classifier-free guidance applied. */
  readonly trueGuidanceScale?: number;
  readonly scheduler: Scheduler;
  /** The scheduler's configuration: whether it shifts by picture size, and the ends of that line. */
  readonly schedulerConfig: Readonly<Record<string, unknown>>;
  readonly rng: Rng;
  readonly maxSequenceLength: number;
  /** [1, 3, H, W] in -1 … 1: image to image, or inpaint with a mask. */
  readonly source?: HostTensor;
  /** [1, 1, H, W]: values of 0.5 and more are repainted. */
  readonly mask?: HostTensor;
  /** 0 … 1, default 1. */
  readonly strength?: number;
}

/**
 * Flux (Black Forest Labs 2024): rectified flow on 2 × 2 patches of latents, from text, from a picture, or inside a mask.
 * Draws start noise before it is packed; with a picture its posterior before and the masked one's after.
 * The result's latents are packed, [1, patches, channels].
 */
export async function* runFlux(
  request: FluxRequest,
  context: RunContext,
): AsyncGenerator<StepEvent | LatentResult> {
  const { folder } = context;
  const transformer = await folder.open(folder.has('transformer') ? 'transformer' : 'unet');
  const vae = await openVae(folder);
  const channels = configNumber(transformer.config, 'in_channels', 4 * vae.latentChannels) / 4;
  const rows = 2 * Math.floor(request.height / (2 * vae.scale));
  const columns = 2 * Math.floor(request.width / (2 * vae.scale));
  const grid = { channels, rows, columns };
  const shape = [1, (rows * columns) / 4, channels * 4];
  const plan = request.scheduler.plan({
    sigmas: evenSigmas(request.steps),
    mu: request.schedulerConfig.use_dynamic_shifting === true ? sizeShift(request, shape[1]) : undefined,
  });
  const texts = {
    positive: await encodeText(request, folder, request.prompt),
    negative: await encodeText(request, folder, request.negativePrompt),
  };
  const pictureIds = float32Tensor([shape[1], 3], pictureGrid(rows / 2, columns / 2));
  const textIds = float32Tensor(
    [request.maxSequenceLength, 3],
    new Float32Array(request.maxSequenceLength * 3),
  );

  const start = await prepareStart(request, { plan, vae, grid });
  const latents = yield* runLatentLoop({
    plan,
    x: packPatches(start.x, grid),
    shape,
    begin: start.begin,
    hooks: start.hooks.map((hook) => onPlanes(hook, grid)),
    rng: request.rng,
    guidance: classifierFree({ scale: request.trueGuidanceScale ?? 1 }),
    denoiser: transformer.session,
    context,
    evaluate: async (branches, at) => {
      const rows = branches.length;
      const feeds: Record<string, HostTensor> = {
        sample: repeatBatch(inputTensor(at, shape), rows),
        timestep: timestepTensor(rows, Math.fround(at.timestep / 1000)),
        ...tellBranches(texts, branches),
        img_ids: pictureIds,
        txt_ids: textIds,
      };
      if (transformer.session.hasInput('guidance')) {
        feeds.guidance = float32Tensor([rows], new Float32Array(rows).fill(request.guidanceScale));
      }
      return splitBranches(await transformer.session.runForOutput(feeds, 'out_sample'), rows);
    },
  });
  const unpacked: HostTensor = { shape: [1, channels, rows, columns], data: unpackPatches(latents, grid) };
  const decoderInput = vae.toDecoderInput(unpacked);
  yield {
    type: 'result',
    latents: { shape, data: latents },
    decoderInput,
    decoded: await vae.decode(decoderInput),
  };
}

async function prepareStart(
  request: FluxRequest,
  { plan, vae, grid }: { readonly plan: Plan; readonly vae: Vae; readonly grid: Grid },
): Promise<Pick<Start, 'x' | 'begin' | 'hooks'>> {
  const { source, mask, strength = 1, rng } = request;
  const { channels, rows, columns } = grid;
  if (source === undefined) {
    return { x: drawNoise([1, channels, rows, columns], rng), begin: 0, hooks: [] };
  }
  const begin = beginOfFlow(plan, strength);
  return startFromSource({ source, mask, strength }, { plan, vae, rng, count: 1, begin, channels });
}

/** A hook on planes of latents, for a run on patches. */
function onPlanes(hook: Hook, grid: Grid): Hook {
  return {
    afterStep(x, at) {
      const planes = unpackPatches(x, grid);
      hook.afterStep(planes, at);
      x.set(packPatches(planes, grid));
    },
  };
}

/** 1 … 1/n in n equal steps. */
function evenSigmas(steps: number): readonly number[] {
  const stride = steps === 1 ? 0 : (1 / steps - 1) / (steps - 1);
  return Array.from({ length: steps }, (_, i) => (i === steps - 1 && steps > 1 ? 1 / steps : 1 + i * stride));
}

function sizeShift({ schedulerConfig }: FluxRequest, patches: number): number {
  return shiftForLength(patches, {
    baseLength: configNumber(schedulerConfig, 'base_image_seq_len', 256),
    maxLength: configNumber(schedulerConfig, 'max_image_seq_len', 4096),
    baseShift: configNumber(schedulerConfig, 'base_shift', 0.5),
    maxShift: configNumber(schedulerConfig, 'max_shift', 1.15),
  });
}

async function encodeText(request: FluxRequest, folder: ModelFolder, text: string): Promise<Told> {
  const clip = await openTextEncoder(folder, { encoder: 'text_encoder', tokenizer: 'tokenizer' });
  const t5 = await openTextEncoder(folder, { encoder: 'text_encoder_2', tokenizer: 'tokenizer_2' });
  return {
    text_embeds: pooledText(await clip.run([text])),
    encoder_hidden_states: lastHiddenState(await t5.run([text], request.maxSequenceLength)),
  };
}

interface Grid {
  readonly channels: number;
  readonly rows: number;
  readonly columns: number;
}

/** [channels, rows, columns] to [rows/2 · columns/2, channels · 4]; within a patch the order is channel, row, column. */
function packPatches(planes: Latent, grid: Grid): Float32Array {
  const out = new Float32Array(planes.length);
  forEachPatchValue(grid, (plane, packed) => {
    out[packed] = planes[plane];
  });
  return out;
}

function unpackPatches(packed: Latent, grid: Grid): Float32Array {
  const out = new Float32Array(packed.length);
  forEachPatchValue(grid, (plane, at) => {
    out[plane] = packed[at];
  });
  return out;
}

function forEachPatchValue(
  { channels, rows, columns }: Grid,
  visit: (plane: number, packed: number) => void,
): void {
  let packed = 0;
  for (let row = 0; row < rows; row += 2) {
    for (let column = 0; column < columns; column += 2) {
      for (let c = 0; c < channels; c += 1) {
        for (let k = 0; k < 4; k += 1) {
          visit((c * rows + row + (k >> 1)) * columns + column + (k & 1), packed);
          packed += 1;
        }
      }
    }
  }
}

/** One (0, row, column) a patch. */
function pictureGrid(rows: number, columns: number): Float32Array {
  return Float32Array.from({ length: rows * columns * 3 }, (_, i) => {
    const patch = Math.floor(i / 3);
    return [0, Math.floor(patch / columns), patch % columns][i % 3];
  });
}

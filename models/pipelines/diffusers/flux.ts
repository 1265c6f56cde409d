import { classifierFree } from '../../core/guidance/classifier-free.ts';
import { shiftForLength } from '../../core/schedule/flow.ts';
import type { Rng, Scheduler } from '../../core/types.ts';
import { float32Tensor, floatData, type HostTensor } from '../../runtime/tensor.ts';
import { lastHiddenState, openTextEncoder, pooledText } from './clip-text.ts';
import {
  drawNoise,
  type LatentResult,
  type RunContext,
  runLatentLoop,
  type StepEvent,
  timestepTensor,
} from './latent-loop.ts';
import { configNumber, type ModelFolder } from './model-folder.ts';
import { openVae } from './vae.ts';

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
}

/**
 * Flux (Black Forest Labs 2024): rectified flow on 2 × 2 patches of latents. Draws start noise before it is packed.
 * The result's latents are packed, [1, patches, channels].
 */
export async function* runFlux(
  request: FluxRequest,
  { folder, signal }: RunContext,
): AsyncGenerator<StepEvent | LatentResult> {
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

  const latents = yield* runLatentLoop({
    plan,
    x: packPatches(drawNoise([1, channels, rows, columns], request.rng), grid),
    shape,
    rng: request.rng,
    guidance: classifierFree({ scale: request.trueGuidanceScale ?? 1 }),
    signal,
    evaluate: async (branches, at) => {
      const predictions: Float32Array[] = [];
      for (const branch of branches) {
        const text = texts[branch === 'positive' ? 'positive' : 'negative'];
        const feeds: Record<string, HostTensor> = {
          sample: { shape, data: Float32Array.from(at.input) },
          timestep: timestepTensor(1, Math.fround(at.timestep / 1000)),
          encoder_hidden_states: text.states,
          text_embeds: text.pooled,
          img_ids: pictureIds,
          txt_ids: textIds,
        };
        if (transformer.session.hasInput('guidance')) {
          feeds.guidance = float32Tensor([1], Float32Array.of(request.guidanceScale));
        }
        predictions.push(floatData(await transformer.session.runForOutput(feeds, 'out_sample')));
      }
      return predictions;
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

async function encodeText(
  request: FluxRequest,
  folder: ModelFolder,
  text: string,
): Promise<{ readonly states: HostTensor; readonly pooled: HostTensor }> {
  const clip = await openTextEncoder(folder, { encoder: 'text_encoder', tokenizer: 'tokenizer' });
  const t5 = await openTextEncoder(folder, { encoder: 'text_encoder_2', tokenizer: 'tokenizer_2' });
  return {
    pooled: pooledText(await clip.run([text])),
    states: lastHiddenState(await t5.run([text], request.maxSequenceLength)),
  };
}

interface Grid {
  readonly channels: number;
  readonly rows: number;
  readonly columns: number;
}

/** [channels, rows, columns] to [rows/2 · columns/2, channels · 4]; within a patch the order is channel, row, column. */
function packPatches(planes: Float32Array, grid: Grid): Float32Array {
  const out = new Float32Array(planes.length);
  forEachPatchValue(grid, (plane, packed) => {
    out[packed] = planes[plane];
  });
  return out;
}

function unpackPatches(packed: Float32Array, grid: Grid): Float32Array {
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

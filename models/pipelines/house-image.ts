import { checkRequestPictures } from './check-request.ts';
import { preparePictures } from './house/conditioning.ts';
import type { HouseImageModel, TextStates } from './house/model.ts';
import { followReference } from './house/reference.ts';
import { sampleHouse } from './house/sample.ts';
import { checkPicture, fromSignedPlanes, type RgbPicture, toBytes, toFloatPicture } from './image/picture.ts';
import { resizeArea } from './image/resize.ts';
import { pasteIntoSource } from './image/seam.ts';
import { coverWithSquare, cutFromSquare } from './image/square.ts';
import type { ImageEvent, ImageRequest } from './image-request.ts';
import { PipelineError } from './pipeline-error.ts';

export interface ImageContext {
  readonly model: HouseImageModel;
  /** Looked at between any two network evaluations; the generator then throws its reason. */
  readonly signal: AbortSignal;
  /** Milliseconds of a steady clock. */
  readonly now: () => number;
}

/** Largest side an enlarged square reaches before it is brought to the asked size. */
const MAX_SIDE = 1024;

/**
 * Makes one picture with a house image pack, as DESIGN section 8 describes: torch noise from the seed, flow matching
 * (Lipman et al. 2023) with classifier-free guidance (Ho and Salimans 2022), for few steps its flow map, then the pack's upscaler.
 *
 * A reference picture joins the prompt as further states (Ye et al. 2023). Image-to-image is SDEdit (Meng et al. 2022): the
 * source is noised to `strength` and denoised from there. Inpaint and extend put the noised source back outside the mask after
 * every step (Lugmayr et al. 2022, section 3) and paste the result into the untouched source, whose pixels outside the mask
 * keep their exact bytes. Instruct is InstructPix2Pix (Brooks et al. 2023): the core sees the source beside the noise, and
 * starts from noise alone.
 *
 * Yields progress after each step, with a preview (the current x0 at the denoiser's size) for whoever wants to see it, then
 * one result of the asked width and height. Equal requests give equal pictures on equal packs. Throws PipelineError for a
 * request that cannot be met, and the signal's reason when cancelled.
 */
export async function* generateImage(
  request: ImageRequest,
  context: ImageContext,
): AsyncGenerator<ImageEvent> {
  const { model, signal, now } = context;
  const { manifest } = model;
  checkRequestPictures(request);
  const meter = createMeter(now);
  const pictures = preparePictures(request, manifest);
  signal.throwIfAborted();
  const sampler = sampleHouse(request, {
    manifest,
    positive: await meter.text(() => encodeWanted(request, model)),
    negative: await meter.text(() => model.encodePrompt(request.negativePrompt)),
    pictures,
    denoise: (input) => meter.denoise(() => model.denoise(input)),
    signal,
  });
  let turn = await sampler.next();
  while (turn.done !== true) {
    const { step, steps, x0 } = turn.value;
    yield { type: 'progress', step, steps, preview: () => previewOf(x0, request, manifest.nativeSize) };
    turn = await sampler.next();
  }
  signal.throwIfAborted();
  const { x: sample, evaluations } = turn.value;
  const painted = await meter.upscale(async () =>
    restoreDetail(await enlarge(sample, request, model), { request, model, sample, source: pictures.source }),
  );
  const finished = pasteIntoSource(painted, request);
  yield {
    type: 'result',
    width: finished.width,
    height: finished.height,
    rgb: finished.data,
    timings: meter.read(evaluations),
  };
}

/** States of the prompt, and after them those of the reference picture when one is followed. */
async function encodeWanted(
  { prompt, reference }: ImageRequest,
  model: HouseImageModel,
): Promise<TextStates> {
  const text = await model.encodePrompt(prompt);
  if (reference === undefined || reference.strength === 0) return text;
  if (reference.strength > 1) {
    const { name } = model.manifest;
    throw new PipelineError('bad-input', `${name} follows a reference picture at a strength from 0 to 1.`);
  }
  checkPicture(reference.picture, 3, 'reference picture');
  return followReference(text, await model.encodeReference(reference.picture), reference.strength);
}

/** A result event of a batch says which seed it belongs to. */
export type BatchEvent = ImageEvent & { readonly seed: number };

/**
 * Makes the same request with several seeds, one picture after the other. Each picture is the one its seed gives alone.
 */
export async function* generateBatch(
  request: ImageRequest,
  seeds: readonly number[],
  context: ImageContext,
): AsyncGenerator<BatchEvent> {
  for (const seed of seeds) {
    for await (const event of generateImage({ ...request, seed }, context)) {
      yield { ...event, seed };
    }
  }
}

function previewOf(x0: Float32Array, request: ImageRequest, size: number): RgbPicture {
  const square = fromSignedPlanes(x0, size, size);
  const { width, height } = request;
  if (width === height) return square;
  const longest = Math.max(width, height);
  const frame = coverWithSquare(
    Math.max(Math.round((width / longest) * size), 1),
    Math.max(Math.round((height / longest) * size), 1),
  );
  const cut = cutFromSquare(toFloatPicture(square, 3), frame);
  return { width: cut.width, height: cut.height, data: toBytes(cut.data) };
}

/** Returns the sample at the asked size: through the upscaler until it is large enough, then down by area. */
async function enlarge(
  sample: Float32Array,
  request: ImageRequest,
  model: HouseImageModel,
): Promise<RgbPicture> {
  const { nativeSize, scale } = model.manifest;
  const frame = coverWithSquare(request.width, request.height);
  let planes = await model.upscale(sample, { width: nativeSize, height: nativeSize });
  let size = nativeSize * scale;
  if (size < frame.side && size * scale <= MAX_SIDE) {
    planes = await model.upscale(planes.map(clampSigned), { width: size, height: size });
    size *= scale;
  }
  const square = fromSignedPlanes(planes, size, size);
  if (frame.width === size && frame.height === size) return square;
  const floats = toFloatPicture(square, 3);
  const sized = size > frame.side ? resizeArea(floats, frame.side, frame.side) : floats;
  const cut = cutFromSquare(sized, frame);
  return { width: cut.width, height: cut.height, data: toBytes(cut.data) };
}

interface DetailParts {
  readonly request: ImageRequest;
  readonly model: HouseImageModel;
  /** Finished sample and source at the denoiser's size, [3, n, n]. */
  readonly sample: Float32Array;
  readonly source: Float32Array | null;
}

/**
 * Image-to-image and edits on a small core would blur what they did not change: the source goes through the denoiser's size and back.
 * What that way loses is known exactly (the source minus its own enlarged reduction), so it is added again where the
 * sample stayed close to the source, and left out where something new was painted.
 */
async function restoreDetail(painted: RgbPicture, parts: DetailParts): Promise<RgbPicture> {
  const { request, model, sample, source } = parts;
  const startsFromSource = request.mode === 'image-to-image' || request.mode === 'instruct';
  if (!startsFromSource || source === null || request.source === null) {
    return painted;
  }
  const reduced = await enlarge(source, request, model);
  const kept = keptShare(sample, source, request, model.manifest.nativeSize);
  const data = Float32Array.from(painted.data, (value, i) => {
    const lost = (request.source?.data[i] ?? 0) - reduced.data[i];
    return value + lost * kept[Math.floor(i / 3)];
  });
  return { width: painted.width, height: painted.height, data: toBytes(data) };
}

/** Mean difference between sample and source, in -1 … 1 units, at which detail begins to fade and at which it is gone. */
const CLOSE = 0.06;
const FAR = 0.24;

/** For every pixel of the picture, 1 where the sample is still the source, falling to 0 where it is not. */
function keptShare(
  sample: Float32Array,
  source: Float32Array,
  request: ImageRequest,
  size: number,
): Float32Array {
  const area = size * size;
  const share = Float32Array.from({ length: area }, (_, i) => {
    let difference = 0;
    for (let c = 0; c < 3; c += 1) {
      difference += Math.abs(sample[c * area + i] - source[c * area + i]) / 3;
    }
    const ramp = Math.min(Math.max((FAR - difference) / (FAR - CLOSE), 0), 1);
    return ramp * ramp * (3 - 2 * ramp);
  });
  const square = { width: size, height: size, channels: 1, data: share };
  const frame = coverWithSquare(request.width, request.height);
  return cutFromSquare(square, frame).data.map((value) => Math.min(Math.max(value, 0), 1));
}

function clampSigned(value: number): number {
  return Math.min(Math.max(value, -1), 1);
}

function createMeter(now: () => number) {
  const started = now();
  const spent = { text: 0, denoise: 0, upscale: 0 };
  async function measure<T>(part: keyof typeof spent, work: () => Promise<T>): Promise<T> {
    const start = now();
    try {
      return await work();
    } finally {
      spent[part] += now() - start;
    }
  }
  return {
    text: <T>(work: () => Promise<T>) => measure('text', work),
    denoise: <T>(work: () => Promise<T>) => measure('denoise', work),
    upscale: <T>(work: () => Promise<T>) => measure('upscale', work),
    read(evaluations: number) {
      const totalMs = now() - started;
      return {
        textMs: spent.text,
        denoiseMs: spent.denoise,
        upscaleMs: spent.upscale,
        totalMs,
        overheadMs: totalMs - spent.text - spent.denoise - spent.upscale,
        evaluations,
      };
    },
  };
}

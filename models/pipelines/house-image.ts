import { checkRequestPictures } from './check-request.ts';
import { preparePictures } from './house/conditioning.ts';
import type { HouseImageModel } from './house/model.ts';
import { sampleHouse } from './house/sample.ts';
import { fromSignedPlanes, type RgbPicture, toBytes, toFloatPicture } from './image/picture.ts';
import { resizeArea } from './image/resize.ts';
import { pasteIntoSource } from './image/seam.ts';
import { coverWithSquare, cutFromSquare } from './image/square.ts';
import type { ImageEvent, ImageRequest } from './image-request.ts';

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
 * (Lipman et al. 2023) with classifier-free guidance (Ho and Salimans 2022), then the pack's upscaler.
 *
 * Image-to-image is SDEdit (Meng et al. 2022): the source is noised to `strength` and denoised from there. Inpaint and
 * extend put the noised source back outside the mask after every step (Lugmayr et al. 2022, section 3) and paste the
 * result into the untouched source, whose pixels outside the mask keep their exact bytes.
 *
 * Yields progress and a preview (the current x0 at the denoiser's size) after each step, then one result of the asked
 * width and height. Equal requests give equal pictures on equal packs. Throws PipelineError for a request that cannot
 * be met, and the signal's reason when cancelled.
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
    nativeSize: manifest.nativeSize,
    shift: manifest.schedule.shift,
    positive: await meter.text(() => model.encodePrompt(request.prompt)),
    negative: await meter.text(() => model.encodePrompt(request.negativePrompt)),
    pictures,
    denoise: (input) => meter.denoise(() => model.denoise(input)),
    signal,
  });
  let turn = await sampler.next();
  while (turn.done !== true) {
    const { step, steps, x0 } = turn.value;
    const { width, height, data: rgb } = previewOf(x0, request, manifest.nativeSize);
    yield { type: 'progress', step, steps };
    yield { type: 'preview', step, width, height, rgb };
    turn = await sampler.next();
  }
  signal.throwIfAborted();
  const { x: sample, evaluations } = turn.value;
  const painted = await meter.upscale(() => enlarge(sample, request, model));
  const finished = pasteIntoSource(painted, request);
  yield {
    type: 'result',
    width: finished.width,
    height: finished.height,
    rgb: finished.data,
    timings: meter.read(evaluations),
  };
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
  let planes = await model.upscale(sample, nativeSize);
  let size = nativeSize * scale;
  if (size < frame.side && size * scale <= MAX_SIDE) {
    planes = await model.upscale(planes.map(clampSigned), size);
    size *= scale;
  }
  const square = toFloatPicture(fromSignedPlanes(planes, size, size), 3);
  const sized = size > frame.side ? resizeArea(square, frame.side, frame.side) : square;
  const cut = cutFromSquare(sized, frame);
  return { width: cut.width, height: cut.height, data: toBytes(cut.data) };
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

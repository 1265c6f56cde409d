import { readScheduler } from '../core/config/read.ts';
import { classifierFree } from '../core/guidance/classifier-free.ts';
import { TorchGenerator } from '../core/random/torch-generator.ts';
import type { Hook, Plan } from '../core/types.ts';
import { checkRequestPictures } from './check-request.ts';
import { type PreparedPictures, preparePictures } from './house/conditioning.ts';
import type { HouseImageModel, TextStates } from './house/model.ts';
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
  const plan = makeFlowPlan(request, manifest.schedule.shift);
  const begin = firstEvaluation(request, plan);
  signal.throwIfAborted();

  const guidance = classifierFree({ scale: request.guidanceScale });
  const states = await meter.text(() => encodeBranches(request, model));
  const noise = new Float32Array(3 * manifest.nativeSize ** 2);
  new TorchGenerator(request.seed).randn(noise);
  const x = Float32Array.from(noise);
  if (begin > 0 && pictures.source !== null) {
    plan.addNoise(begin, pictures.source, noise, x);
  }

  const solver = plan.solve(x, { begin, hooks: keepKnownPixels(pictures, noise) });
  const steps = plan.steps - begin / plan.order;
  const prediction = new Float32Array(x.length);
  let evaluations = 0;
  let turn = solver.next();
  while (turn.done !== true) {
    signal.throwIfAborted();
    const at = turn.value;
    const sigma = at.sigma;
    const input = Float32Array.from(at.input);
    const point = { ...at, count: plan.timesteps.length };
    const branches = guidance.branches(point);
    const predictions = await meter.denoise(() =>
      model.denoise({
        x: input,
        t: sigma,
        branches: branches.map((branch) => (branch === 'positive' ? states.positive : states.negative)),
        conditioning: pictures.conditioning,
      }),
    );
    evaluations += branches.length;
    guidance.combine(predictions, point, prediction);
    const preview = previewOf(prediction, request, manifest.nativeSize);
    toVelocity(prediction, input, sigma);
    const done = at.index + 1 - begin;
    turn = solver.next(prediction);
    const step = turn.done === true ? steps : Math.ceil(done / plan.order);
    yield { type: 'progress', step, steps };
    yield { type: 'preview', step, width: preview.width, height: preview.height, rgb: preview.data };
  }

  signal.throwIfAborted();
  const sample = begin >= plan.timesteps.length && pictures.source !== null ? pictures.source : x;
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
  if (request.mode === 'text-to-image' || request.mode === 'extend' || request.strength === 1) {
    return 0;
  }
  if (request.strength === 0) {
    return plan.timesteps.length;
  }
  const kept = Math.min(Math.max(Math.floor(plan.steps * request.strength), 1), plan.steps);
  return (plan.steps - kept) * plan.order;
}

async function encodeBranches(
  request: ImageRequest,
  model: HouseImageModel,
): Promise<{ readonly positive: TextStates; readonly negative: TextStates }> {
  const positive = await model.encodePrompt(request.prompt);
  return { positive, negative: await model.encodePrompt(request.negativePrompt) };
}

/** Replaces known pixels after every step by the source at the step's noise level. */
function keepKnownPixels(pictures: PreparedPictures, noise: Float32Array): readonly Hook[] {
  const { source, repaint } = pictures;
  if (source === null || repaint === null) {
    return [];
  }
  return [
    {
      afterStep(x, at) {
        const { alpha, sigma } = at.plan.level(at.index + 1);
        for (let i = 0; i < x.length; i += 1) {
          if (repaint[i % repaint.length] === 0) {
            x[i] = alpha * source[i] + sigma * noise[i];
          }
        }
      },
    },
  ];
}

/** Turns a predicted x0 into the velocity that the flow solvers integrate: v = (x - x0) / t, in place. */
function toVelocity(prediction: Float32Array, x: Float32Array, sigma: number): void {
  for (let i = 0; i < prediction.length; i += 1) {
    prediction[i] = (x[i] - prediction[i]) / sigma;
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

import { createHash } from 'node:crypto';
import { z } from 'zod';
import { PackError } from '../../models/catalog/pack-error.ts';
import type { GrayPicture, RgbPicture } from '../../models/pipelines/image/picture.ts';
import type { ImageModel } from '../../models/pipelines/image-model.ts';
import type { ImageRequest, ImageTimings } from '../../models/pipelines/image-request.ts';
import { PipelineError } from '../../models/pipelines/pipeline-error.ts';
import { generationRequestSchema } from '../../shared/contracts/generation.ts';
import { RECIPE_KEYWORD, type Recipe, recipeSchema } from '../../shared/contracts/recipe.ts';
import { writePngText } from '../../shared/png/text-chunk.ts';
import { createHouseModels, type HouseModels, warmRuntime } from './house-models.ts';
import { encodePicture, encodePng, encodePreview } from './picture-bytes.ts';
import { loadPictures, type RequestPictures } from './request-pictures.ts';
import { type MadeInput, type MadeOutput, type Task, type TaskContext, TaskError } from './task.ts';

const bytesSchema = z.custom<Uint8Array>((value) => value instanceof Uint8Array);

/** Everything the work needs; a runner reaches neither the database nor the asset store. */
export const generateImageSchema = z.object({
  request: generationRequestSchema,
  /** The stored canvas version, as one Yjs update; null for requests without a canvas. */
  canvasState: bytesSchema.nullable(),
  /** Encoded files by content hash. */
  assets: z.map(z.string(), bytesSchema),
  packFolders: z.array(z.string()),
  /** For the recipe. */
  canvas: z.object({ id: z.string(), version: z.number().int() }).nullable(),
  worker: z.string(),
});
export type GenerateImageInput = z.infer<typeof generateImageSchema>;

const previewEveryMs = 250;

let models: HouseModels | undefined;

/**
 * Text to image, image to image, inpaint, extend, edits by instruction and enlargements with any image pack that can; the same
 * pipelines as `gesso generate` and `gesso upscale`.
 */
export const generateImage: Task<GenerateImageInput> = {
  name: 'generate-image',
  schema: generateImageSchema,
  lanes: () => models?.lanes() ?? null,
  async warm({ ids, folders, lanes }) {
    const [first] = ids;
    models ??= createHouseModels(lanes);
    if (first === undefined) return warmRuntime();
    await models.open(first, folders, 'exact');
  },
  async run(input, context) {
    models ??= createHouseModels(null);
    try {
      const model = await models.open(input.request.pack, input.packFolders, input.request.arithmetic);
      // Loading is not counted: it happens once, and estimates for the next request rest on this number.
      const started = context.now();
      const pictures = await loadPictures(input);
      // The picture that is enlarged is stored as it is.
      const inputs = input.request.mode === 'upscale' ? [] : await storeInputs(pictures);
      const { outputs, othersMs } = await makeOutputs(input, { model, pictures, inputs, context });
      return { outputs, inputs, durationMs: context.now() - started - othersMs };
    } catch (error) {
      throw translate(error, input.request.pack);
    }
  },
};

interface Work {
  readonly model: ImageModel;
  readonly pictures: RequestPictures;
  readonly inputs: readonly MadeInput[];
  readonly context: TaskContext;
}

async function storeInputs({ source, mask, controls }: RequestPictures): Promise<readonly MadeInput[]> {
  const file = async (picture: RgbPicture | GrayPicture, kind: string) => ({
    bytes: await encodePng(picture, kind === 'mask' ? 1 : 3),
    kind,
    mediaType: 'image/png',
    width: picture.width,
    height: picture.height,
  });
  const stored: MadeInput[] = [];
  if (source !== null) stored.push({ role: 'source', file: await file(source, 'source') });
  if (mask !== null) stored.push({ role: 'mask', file: await file(mask, 'mask') });
  for (const { picture } of controls) {
    stored.push({ role: 'control', file: await file(picture, 'control') });
  }
  return stored;
}

interface Made {
  readonly outputs: readonly MadeOutput[];
  /** Milliseconds that went into pictures of other requests meanwhile. */
  readonly othersMs: number;
}

/** The pictures of a request, as many at a time as the model has lanes. */
async function makeOutputs(input: GenerateImageInput, work: Work): Promise<Made> {
  const { count } = input.request;
  const tell = createReporter(count, work.context);
  const outputs: MadeOutput[] = [];
  let othersMs = 0;
  for (let first = 0; first < count; first += work.model.lanes) {
    const indices = Array.from({ length: Math.min(work.model.lanes, count - first) }, (_, i) => first + i);
    const made = await allOrNone(work.context.signal, indices, (index, signal) =>
      makeOutput(input, { ...work, context: { ...work.context, signal }, tell, index }),
    );
    outputs.push(...made.map((one) => one.output));
    othersMs += timeOfOthers(made.map((one) => one.timings));
  }
  return { outputs, othersMs };
}

/** Of the time that pictures drawn side by side spent in the network, what was no picture's of theirs. */
function timeOfOthers(timings: readonly ImageTimings[]): number {
  const own = timings.reduce((sum, one) => sum + one.denoiseMs - (one.othersMs ?? 0), 0);
  return Math.max(0, Math.max(...timings.map((one) => one.denoiseMs)) - own);
}

/** Does `work` for all at once; when one fails the others are stopped, and all have ended before this throws. */
async function allOrNone<T>(
  signal: AbortSignal,
  indices: readonly number[],
  work: (index: number, signal: AbortSignal) => Promise<T>,
): Promise<readonly T[]> {
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const doing = indices.map((index) => work(index, either));
  for (const one of doing) one.catch((error: unknown) => failed.abort(error));
  await Promise.allSettled(doing);
  failed.signal.throwIfAborted();
  return Promise.all(doing);
}

async function makeOutput(
  input: GenerateImageInput,
  work: Work & { readonly tell: ReturnType<typeof createReporter>; readonly index: number },
): Promise<{ readonly output: MadeOutput; readonly timings: ImageTimings }> {
  const { model, context, tell, index } = work;
  const seed = (input.request.seed + index) % 0x1_0000_0000;
  const imageRequest: ImageRequest = { ...settingsOf(input), seed, ...work.pictures };
  for await (const event of model.generate(imageRequest, context)) {
    switch (event.type) {
      case 'progress':
        tell.step(index, event.step, event.steps);
        if (event.preview !== null) await tell.preview(event.preview);
        break;
      case 'result': {
        const recipe = recipeOf(input, {
          work,
          seed,
          durationMs: event.timings.totalMs,
          loras: event.loras,
          notices: event.notices,
        });
        const picture = { width: event.width, height: event.height, data: event.rgb };
        const png = await encodePicture(picture, event.alpha);
        const bytes = writePngText(png, RECIPE_KEYWORD, JSON.stringify(recipe));
        const { width, height } = event;
        const file = { bytes, kind: 'picture', mediaType: 'image/png', width, height };
        return { output: { index, seed, file, recipe }, timings: event.timings };
      }
    }
  }
  throw new Error('the pipeline ended without a picture');
}

/** Turns the events of all pictures into the progress of the whole, a preview every quarter second. */
function createReporter(count: number, context: TaskContext) {
  const started = context.now();
  const reached = Array.from({ length: count }, () => 0);
  let done = { step: 0, steps: 0 };
  let lastPreview = Number.NEGATIVE_INFINITY;
  const progress = (preview: string | null) => {
    const elapsed = context.now() - started;
    const left = done.steps - done.step;
    const remainingMs = done.step === 0 ? null : (elapsed / done.step) * left;
    context.report({ ...done, remainingMs, preview });
  };
  return {
    step(index: number, step: number, steps: number): void {
      reached[index] = step;
      done = { step: reached.reduce((sum, one) => sum + one, 0), steps: count * steps };
      progress(null);
    },
    async preview(draw: () => RgbPicture): Promise<void> {
      if (context.now() - lastPreview < previewEveryMs) return;
      lastPreview = context.now();
      progress(await encodePreview(draw()));
    },
  };
}

function settingsOf({ request }: GenerateImageInput) {
  const { mode, prompt, negativePrompt, width, height, steps, guidanceScale, solver, strength } = request;
  const settings = { mode, prompt, negativePrompt, width, height, steps, guidanceScale, solver, strength };
  // What an enlargement is called says nothing of how it was made.
  if (mode === 'upscale') return { ...settings, prompt: '', scale: request.scale };
  return mode === 'instruct' ? { ...settings, imageGuidanceScale: request.imageGuidanceScale } : settings;
}

function recipeOf(
  input: GenerateImageInput,
  made: {
    readonly work: Work;
    readonly seed: number;
    readonly durationMs: number;
    readonly loras: Recipe['loras'];
    readonly notices: Recipe['notices'];
  },
): Recipe {
  const { model, inputs } = made.work;
  const hashesOf = (role: MadeInput['role']) =>
    inputs.flatMap((one) =>
      one.role === role ? [{ sha256: createHash('sha256').update(one.file.bytes).digest('hex') }] : [],
    );
  return recipeSchema.parse({
    ...settingsOf(input),
    seed: made.seed,
    format: 'gesso-recipe/1',
    pack: { id: model.id, version: model.version, sha256: model.sha256 },
    scheduler: model.scheduler ?? undefined,
    arithmetic: model.arithmetic === 'exact' ? undefined : model.arithmetic,
    loras: made.loras,
    notices: made.notices,
    source: storedSource(input) ?? hashesOf('source')[0] ?? null,
    mask: hashesOf('mask')[0] ?? null,
    controls: hashesOf('control').map((hash, i) => {
      const { kind, strength, range } = made.work.pictures.controls[i];
      return { kind, strength, range, ...hash };
    }),
    reference: referenceOf(input),
    canvas: input.canvas,
    worker: input.worker,
    durationMs: Math.round(made.durationMs),
    createdAt: new Date().toISOString(),
  });
}

/** The stored file of an enlargement. */
function storedSource({ request: { mode, source } }: GenerateImageInput): Recipe['source'] {
  return mode === 'upscale' && source.kind === 'assets' ? { sha256: source.source } : null;
}

/** The stored file itself is named: it is what every picture of the request followed. */
function referenceOf({ request: { reference } }: GenerateImageInput): Recipe['reference'] {
  return reference === null ? undefined : { strength: reference.strength, sha256: reference.asset };
}

function translate(error: unknown, pack: string): unknown {
  if (error instanceof PipelineError) {
    return new TaskError('bad_input', error.message, 'Change the request and try again.');
  }
  if (error instanceof PackError) {
    return new TaskError(
      'unavailable',
      `The model pack "${pack}" cannot be used: ${error.message}`,
      'Run npx gesso models verify on the worker.',
    );
  }
  return error;
}

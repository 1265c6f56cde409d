import { createHash } from 'node:crypto';
import * as Y from 'yjs';
import { z } from 'zod';
import { PackError } from '../../models/catalog/pack-error.ts';
import type { ImageModel } from '../../models/pipelines/image-model.ts';
import type { ImageRequest } from '../../models/pipelines/image-request.ts';
import { PipelineError } from '../../models/pipelines/pipeline-error.ts';
import { generationRequestSchema } from '../../shared/contracts/generation.ts';
import { RECIPE_KEYWORD, type Recipe, recipeSchema } from '../../shared/contracts/recipe.ts';
import { readCanvas } from '../../shared/document/canvas.ts';
import { writePngText } from '../../shared/png/text-chunk.ts';
import { composeFrame, listNeededAssets } from '../compose/compose.ts';
import { createHouseModels, type HouseModels, warmRuntime } from './house-models.ts';
import { chooseSource, type ImageSource } from './image-source.ts';
import { decodeGray, decodeRgb, decodeRgba, encodePng, encodePreview } from './picture-bytes.ts';
import { type MadeFile, type MadeOutput, type Task, type TaskContext, TaskError } from './task.ts';

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

/** Text to image, image to image, inpaint and extend with any image pack; the same pipelines as `gesso generate`. */
export const generateImage: Task<GenerateImageInput> = {
  name: 'generate-image',
  schema: generateImageSchema,
  async warm({ ids, folders }) {
    const [first] = ids;
    if (first === undefined) return warmRuntime();
    models ??= createHouseModels();
    await models.open(first, folders);
  },
  async run(input, context) {
    models ??= createHouseModels();
    try {
      const model = await models.open(input.request.pack, input.packFolders);
      // Loading is not counted: it happens once, and estimates for the next request rest on this number.
      const started = context.now();
      const pictures = await loadSource(input);
      const inputs = await storeInputs(pictures);
      const outputs = await makeOutputs(input, { model, pictures, inputs, context });
      return { outputs, inputs, durationMs: context.now() - started };
    } catch (error) {
      throw translate(error, input.request.pack);
    }
  },
};

type StoredInputs = readonly { readonly role: 'source' | 'mask'; readonly file: MadeFile }[];

interface Work {
  readonly model: ImageModel;
  readonly pictures: ImageSource;
  readonly inputs: StoredInputs;
  readonly context: TaskContext;
}

async function loadSource(input: GenerateImageInput): Promise<ImageSource> {
  const { request } = input;
  const assetOf = (hash: string): Uint8Array => {
    const bytes = input.assets.get(hash);
    if (bytes === undefined) throw new Error(`asset ${hash} was not handed over`);
    return bytes;
  };
  switch (request.source.kind) {
    case 'none':
      return { source: null, mask: null };
    case 'assets': {
      const { source, mask } = request.source;
      return {
        source: await decodeRgb(assetOf(source)),
        mask: mask === null ? null : await decodeGray(assetOf(mask)),
      };
    }
    case 'canvas': {
      if (input.canvasState === null) throw new Error('a canvas request came without its canvas');
      const doc = new Y.Doc();
      Y.applyUpdate(doc, input.canvasState);
      const canvas = readCanvas(doc);
      doc.destroy();
      const needed = listNeededAssets(canvas, request);
      const pictures = new Map(
        await Promise.all(
          needed.pictures.map(async (hash) => [hash, await decodeRgba(assetOf(hash))] as const),
        ),
      );
      const tiles = new Map(
        await Promise.all(
          needed.tiles.map(async (hash) => [hash, (await decodeGray(assetOf(hash))).data] as const),
        ),
      );
      return chooseSource(request.mode, composeFrame(canvas, request, { pictures, tiles }));
    }
  }
}

async function storeInputs({ source, mask }: ImageSource): Promise<StoredInputs> {
  const file = async (picture: { width: number; height: number; data: Uint8Array }, channels: 1 | 3) => ({
    bytes: await encodePng(picture, channels),
    kind: channels === 1 ? 'mask' : 'source',
    mediaType: 'image/png',
    width: picture.width,
    height: picture.height,
  });
  const stored: { role: 'source' | 'mask'; file: MadeFile }[] = [];
  if (source !== null) stored.push({ role: 'source', file: await file(source, 3) });
  if (mask !== null) stored.push({ role: 'mask', file: await file(mask, 1) });
  return stored;
}

async function makeOutputs(input: GenerateImageInput, work: Work): Promise<readonly MadeOutput[]> {
  const { request } = input;
  const tell = createReporter(request.count, work.context);
  const outputs: MadeOutput[] = [];
  for (let index = 0; index < request.count; index += 1) {
    const seed = (request.seed + index) % 0x1_0000_0000;
    const imageRequest: ImageRequest = { ...settingsOf(input), seed, ...work.pictures, controls: [] };
    const { model, context } = work;
    for await (const event of model.generate(imageRequest, context)) {
      switch (event.type) {
        case 'progress':
          tell.step(index, event.step, event.steps);
          break;
        case 'preview':
          await tell.preview({ width: event.width, height: event.height, data: event.rgb });
          break;
        case 'result': {
          const recipe = recipeOf(input, { work, seed, durationMs: event.timings.totalMs });
          const png = await encodePng({ width: event.width, height: event.height, data: event.rgb }, 3);
          const bytes = writePngText(png, RECIPE_KEYWORD, JSON.stringify(recipe));
          const { width, height } = event;
          const file = { bytes, kind: 'picture', mediaType: 'image/png', width, height };
          outputs.push({ index, seed, file, recipe });
          break;
        }
      }
    }
  }
  return outputs;
}

/** Turns the events of one picture after another into the progress of the whole, a preview every quarter second. */
function createReporter(count: number, context: TaskContext) {
  const started = context.now();
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
      done = { step: index * steps + step, steps: count * steps };
      progress(null);
    },
    async preview(picture: { width: number; height: number; data: Uint8Array }): Promise<void> {
      if (context.now() - lastPreview < previewEveryMs) return;
      lastPreview = context.now();
      progress(await encodePreview(picture));
    },
  };
}

function settingsOf({ request }: GenerateImageInput) {
  const { mode, prompt, negativePrompt, width, height, steps, guidanceScale, solver, strength } = request;
  return { mode, prompt, negativePrompt, width, height, steps, guidanceScale, solver, strength };
}

function recipeOf(
  input: GenerateImageInput,
  made: { readonly work: Work; readonly seed: number; readonly durationMs: number },
): Recipe {
  const { model, inputs } = made.work;
  const hashOf = (role: 'source' | 'mask') => {
    const found = inputs.find((one) => one.role === role);
    return found === undefined
      ? null
      : { sha256: createHash('sha256').update(found.file.bytes).digest('hex') };
  };
  return recipeSchema.parse({
    ...settingsOf(input),
    seed: made.seed,
    format: 'gesso-recipe/1',
    pack: { id: model.id, version: model.version, sha256: model.sha256 },
    scheduler: model.scheduler ?? undefined,
    source: hashOf('source'),
    mask: hashOf('mask'),
    controls: [],
    canvas: input.canvas,
    worker: input.worker,
    durationMs: Math.round(made.durationMs),
    createdAt: new Date().toISOString(),
  });
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

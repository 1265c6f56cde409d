import { resolve } from 'node:path';
import { findPack, listPackFolders, verifyPack } from '../../models/catalog/packs.ts';
import { type ImageModel, openImageModel } from '../../models/pipelines/image-model.ts';
import type { ImageEvent, ImageRequest } from '../../models/pipelines/image-request.ts';
import { PipelineError } from '../../models/pipelines/pipeline-error.ts';
import { openDevice } from '../../models/runtime/device.ts';
import { readEnv } from '../../platform/env.ts';
import { RECIPE_KEYWORD, type Recipe, recipeSchema } from '../../shared/contracts/recipe.ts';
import { refuseUpscale } from '../../shared/contracts/upscale.ts';
import { writePngText } from '../../shared/png/text-chunk.ts';
import { encodePicture } from '../../workers/tasks/picture-bytes.ts';
import { decodePicture, openPictureFile, type PictureFile } from './picture-files.ts';
import { runCommand, UsageError } from './run-command.ts';
import { parseUpscaleOptions, UPSCALE_USAGE, type UpscaleOptions } from './upscale-options.ts';
import { checkFolder, writeWhole } from './write-picture.ts';

type Result = Extract<ImageEvent, { type: 'result' }>;

/**
 * `gesso upscale`: makes a picture larger in this process, without a server. Returns 0 when it was written, 2 for arguments or a
 * picture that are not right, 1 when it failed, 130 when interrupted; an unfinished picture leaves no file behind.
 */
export function run(args: readonly string[]): Promise<number> {
  return runCommand(
    {
      name: 'upscale',
      usage: UPSCALE_USAGE,
      parse: parseUpscaleOptions,
      work: upscale,
      interrupted: 'Interrupted; the unfinished picture was not written.',
    },
    args,
  );
}

async function upscale(options: UpscaleOptions, signal: AbortSignal): Promise<void> {
  await checkFolder(options.out);
  const file = await openPictureFile(options.file);
  const refusal = refuseUpscale(file, options.scale);
  if (refusal !== null) throw new UsageError(`${refusal.message} ${refusal.fix}`);
  const found = await findPack(options.pack, listPackFolders(resolve(readEnv().GESSO_HOME)));
  const pack = await verifyPack(found.folder);
  if (pack.manifest.pipeline !== 'house-image') {
    throw new PipelineError('unsupported', `${pack.manifest.name} does not enlarge pictures.`);
  }

  const device = await openDevice();
  const model = await openImageModel(pack, device.sessions, { warmUp: false });
  try {
    const request = await prepareRequest(file, options.scale);
    const result = await watch(model.generate(request, { signal, now: () => performance.now() }));
    const recipe = describeRecipe(request, { file, model, result });
    const { width, height, rgb, alpha, timings } = result;
    const png = await encodePicture({ width, height, data: rgb }, alpha);
    await writeWhole(options.out, writePngText(png, RECIPE_KEYWORD, JSON.stringify(recipe)));
    const seconds = (timings.totalMs / 1000).toFixed(2);
    process.stderr.write(
      `${file.width} × ${file.height} to ${width} × ${height}, ${seconds} s with ${model.name} ${model.version}\n`,
    );
    const pictures = [{ file: options.out, recipe, timings }];
    process.stdout.write(
      options.json
        ? `${JSON.stringify({ device: device.provider, pictures }, null, 2)}\n`
        : `${options.out}\n`,
    );
  } finally {
    model.close();
    await device.sessions.close();
  }
}

async function prepareRequest(file: PictureFile, scale: UpscaleOptions['scale']): Promise<ImageRequest> {
  const { picture, alpha } = await decodePicture(file, file.width, file.height);
  return {
    mode: 'upscale',
    scale,
    prompt: '',
    negativePrompt: '',
    seed: 0,
    width: file.width * scale,
    height: file.height * scale,
    steps: 1,
    guidanceScale: 0,
    solver: 'flow-euler',
    strength: 1,
    source: picture,
    ...(alpha.data.every((value) => value === 255) ? {} : { alpha }),
    mask: null,
    controls: [],
  };
}

function describeRecipe(
  request: ImageRequest,
  made: { readonly file: PictureFile; readonly model: ImageModel; readonly result: Result },
): Recipe {
  const { file, model, result } = made;
  return recipeSchema.parse({
    ...request,
    format: 'gesso-recipe/1',
    pack: { id: model.id, version: model.version, sha256: model.sha256 },
    source: { sha256: file.sha256 },
    canvas: null,
    worker: null,
    durationMs: Math.round(result.timings.totalMs),
    createdAt: new Date().toISOString(),
  });
}

/** Shows progress on a terminal and returns the result. */
async function watch(events: AsyncIterable<ImageEvent>): Promise<Result> {
  for await (const event of events) {
    if (event.type === 'result') {
      if (process.stderr.isTTY) process.stderr.write('\r');
      return event;
    }
    if (process.stderr.isTTY) process.stderr.write(`\rTile ${event.step} of ${event.steps} `);
  }
  throw new Error('the pipeline ended without a picture');
}

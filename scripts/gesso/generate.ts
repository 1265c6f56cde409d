import { randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join, parse, resolve } from 'node:path';
import { findPack, listPackFolders, type VerifiedPack, verifyPack } from '../../models/catalog/packs.ts';
import { type ImageModel, openImageModel } from '../../models/pipelines/image-model.ts';
import type { ImageEvent, ImageTimings } from '../../models/pipelines/image-request.ts';
import { openDevice } from '../../models/runtime/device.ts';
import { readEnv } from '../../platform/env.ts';
import { RECIPE_KEYWORD, type Recipe, recipeSchema } from '../../shared/contracts/recipe.ts';
import { writePngText } from '../../shared/png/text-chunk.ts';
import {
  describeUnknownWords,
  formatUnknownWord,
  type UnknownWord,
  vocabularySchema,
} from '../../shared/prompt/vocabulary.ts';
import { GENERATE_USAGE, type GenerateOptions, parseGenerateOptions } from './generate-options.ts';
import { prepareRequest } from './generate-request.ts';
import { encodePng } from './picture-files.ts';
import { runCommand } from './run-command.ts';
import { checkFolder, writeWhole } from './write-picture.ts';

interface MadePicture {
  readonly file: string;
  readonly recipe: Recipe;
  readonly timings: ImageTimings;
}

/**
 * `gesso generate`: makes pictures in this process, without a server. Returns 0 when all were written, 2 for arguments
 * that are not right, 1 when it failed, 130 when interrupted; an unfinished picture leaves no file behind.
 */
export function run(args: readonly string[]): Promise<number> {
  return runCommand(
    {
      name: 'generate',
      usage: GENERATE_USAGE,
      parse: parseGenerateOptions,
      work: generate,
      interrupted: 'Interrupted; the unfinished picture was not written.',
    },
    args,
  );
}

async function generate(options: GenerateOptions, signal: AbortSignal): Promise<void> {
  await checkFolder(options.out);
  const found = await findPack(options.pack, listPackFolders(resolve(readEnv().GESSO_HOME)));
  const pack = await verifyPack(found.folder);
  const notices = await readNotices(options.prompt, pack);
  for (const notice of notices) {
    process.stderr.write(`${formatUnknownWord(notice)}\n`);
  }

  const device = await openDevice();
  const { arithmetic } = options;
  const model = await openImageModel(pack, device.sessions, { warmUp: false, arithmetic });
  const unread = model.countUnread(options.prompt);
  if (unread > 0) {
    process.stderr.write(
      `The prompt is longer than this pack reads: its last ${unread} tokens are not used.\n`,
    );
  }
  const made: MadePicture[] = [];
  try {
    const seed = options.seed ?? randomInt(0x1_0000_0000);
    const prepared = await prepareRequest(options, model, seed);
    const count = options.count ?? 1;
    for (let i = 0; i < count; i += 1) {
      const request = { ...prepared.request, seed: (seed + i) % 0x1_0000_0000 };
      const result = await watch(model.generate(request, { signal, now: () => performance.now() }));
      if (i === 0) for (const notice of result.notices ?? []) process.stderr.write(`${notice}\n`);
      const recipe = recipeSchema.parse({
        ...request,
        format: 'gesso-recipe/1',
        pack: { id: model.id, version: model.version, sha256: model.sha256 },
        scheduler: model.scheduler ?? undefined,
        arithmetic: model.arithmetic === 'exact' ? undefined : model.arithmetic,
        loras: result.loras,
        notices: result.notices,
        source: prepared.source,
        mask: prepared.mask,
        controls: prepared.controls,
        reference: prepared.reference,
        canvas: null,
        worker: null,
        durationMs: Math.round(result.timings.totalMs),
        createdAt: new Date().toISOString(),
      });
      const png = await encodePng({ width: result.width, height: result.height, data: result.rgb });
      const file = numberedPath(options.out, i, count);
      await writeWhole(file, writePngText(png, RECIPE_KEYWORD, JSON.stringify(recipe)));
      made.push({ file, recipe, timings: result.timings });
      process.stderr.write(describeMade(made.length - 1, { file, recipe, timings: result.timings }, model));
      if (!options.json) {
        process.stdout.write(`${file}\n`);
      }
    }
  } finally {
    model.close();
    await device.sessions.close();
  }
  if (options.json) {
    process.stdout.write(
      `${JSON.stringify({ device: device.provider, notices, pictures: made }, null, 2)}\n`,
    );
  }
}

/** Only house packs know what they do not know. */
async function readNotices(prompt: string, pack: VerifiedPack): Promise<readonly UnknownWord[]> {
  if (pack.manifest.pipeline !== 'house-image') {
    return [];
  }
  const text = await readFile(join(pack.folder, pack.manifest.vocabulary), 'utf8');
  return describeUnknownWords(prompt, vocabularySchema.parse(JSON.parse(text)));
}

/** Shows progress on a terminal and returns the result. */
async function watch(events: AsyncIterable<ImageEvent>): Promise<Extract<ImageEvent, { type: 'result' }>> {
  for await (const event of events) {
    switch (event.type) {
      case 'progress':
        if (process.stderr.isTTY) {
          process.stderr.write(`\rStep ${event.step} of ${event.steps} `);
        }
        break;
      case 'result':
        if (process.stderr.isTTY) {
          process.stderr.write('\r');
        }
        return event;
    }
  }
  throw new Error('the pipeline ended without a picture');
}

function describeMade(index: number, made: MadePicture, model: ImageModel): string {
  const { recipe, timings } = made;
  const seconds = (timings.totalMs / 1000).toFixed(2);
  const way = `${recipe.width} × ${recipe.height}, ${recipe.steps} steps, seed ${recipe.seed}`;
  return `Picture ${index + 1}: ${way}, ${seconds} s with ${model.name} ${model.version}\n`;
}

function numberedPath(out: string, index: number, count: number): string {
  if (count === 1) {
    return out;
  }
  const { dir, name, ext } = parse(out);
  return join(dir, `${name}-${index + 1}${ext}`);
}

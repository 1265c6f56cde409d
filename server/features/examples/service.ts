import { AppError } from '../../../platform/errors.ts';
import type { AssetStore } from '../../../platform/storage/port.ts';
import type { Database } from '../../../prisma/client.ts';
import { storePicture } from '../assets/service.ts';
import { createCanvasOf } from '../canvases/service.ts';
import { type Example, examplePack, mediaTypeOf, readExampleFile, readExamples } from './catalogue.ts';
import { buildExample, type StoredFile } from './document.ts';

export interface ExampleCard {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** Where its picture is. It comes with the product, so its address needs no signature. */
  readonly coverUrl: string;
}

/** What a canvas can start from, in the order in which it is shown. */
export async function listExamples(): Promise<readonly ExampleCard[]> {
  const examples = await readExamples();
  return examples.map(({ id, name, description, cover }) => ({
    id,
    name,
    description,
    coverUrl: `/api/packs/${examplePack}/examples/${cover}`,
  }));
}

/** The picture of an example of a pack; null when no example of it has that one. */
export async function readCover(
  pack: string,
  file: string,
): Promise<{ readonly bytes: Buffer; readonly mediaType: string } | null> {
  const examples = await readExamples(pack);
  const mediaType = mediaTypeOf(file);
  if (mediaType === undefined || !examples.some(({ cover }) => cover === file)) return null;
  const bytes = await readExampleFile(file, pack);
  return bytes === null ? null : { bytes, mediaType };
}

/**
 * Makes a canvas of an example, with its pictures as the team's: all of it or nothing. Returns the canvas's id.
 * Errors: `not_found` for an example that there is not; `out_of_space`.
 */
export async function openExample(
  services: { readonly database: Database; readonly storage: AssetStore },
  request: {
    readonly exampleId: string;
    readonly organizationId: string;
    readonly projectId: string;
    readonly userId: string;
  },
): Promise<string> {
  const { exampleId, organizationId, projectId, userId } = request;
  const example = (await readExamples()).find(({ id }) => id === exampleId);
  if (example === undefined) {
    throw new AppError('not_found', 'There is no such example.', { fix: 'Reload the page.' });
  }
  const files = await readFiles(example);
  return services.database.$transaction(
    async (transaction) => {
      const stored = new Map<string, StoredFile>();
      for (const { name, kind, bytes } of files) {
        const picture = { organizationId, userId, kind, file: bytes };
        stored.set(name, await storePicture({ database: transaction, storage: services.storage }, picture));
      }
      const find = (name: string) => required(stored.get(name), name);
      const doc = buildExample(example, find);
      try {
        const thumbnailHash = find(example.cover).hash;
        return await createCanvasOf(transaction, {
          projectId,
          name: example.name,
          userId,
          doc,
          thumbnailHash,
        });
      } finally {
        doc.destroy();
      }
    },
    { timeout: 30_000 },
  );
}

/** Every file of an example, once, and what a person would have uploaded it as. */
async function readFiles(example: Example) {
  const kinds = new Map<string, 'image' | 'mask-tile'>([[example.cover, 'image']]);
  if (example.reference !== undefined) kinds.set(example.reference.picture, 'image');
  for (const layer of example.layers) {
    if ('picture' in layer && layer.picture !== undefined) kinds.set(layer.picture, 'image');
    if ('paint' in layer && layer.paint !== undefined) kinds.set(layer.paint, 'mask-tile');
  }
  return Promise.all(
    [...kinds].map(async ([name, kind]) => ({
      name,
      kind,
      bytes: required(await readExampleFile(name), name),
    })),
  );
}

function required<T>(value: T | null | undefined, file: string): T {
  if (value === null || value === undefined) throw new Error(`the example's file ${file} is missing`);
  return value;
}

import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { z } from 'zod';
import { controlKindSchema, generationModes } from '../../../shared/contracts/recipe.ts';
import {
  controlSchemas,
  layerIdSchema,
  longestPrompt,
  settingsSchema,
  transformSchema,
} from '../../../shared/document/schema.ts';
import { fileOfHousePack, readTasks } from '../packs/service.ts';

/** Types of the pictures that examples are made of, by the end of their names. */
const mediaTypes: Readonly<Record<string, string>> = { '.png': 'image/png', '.webp': 'image/webp' };

/** A picture beside `examples.json`. */
const fileSchema = z.string().regex(/^[a-z0-9-]{1,60}\.(png|webp)$/);
const nameSchema = z.string().min(1).max(60);
/** A layer's id is the same on every canvas of an example, so its paint has the same tint too. */
const layerBase = { id: layerIdSchema, name: nameSchema };

const layerSchema = z.discriminatedUnion('kind', [
  z.object({
    ...layerBase,
    kind: z.literal('image'),
    picture: fileSchema,
    transform: transformSchema.optional(),
  }),
  /** `paint` is 256 × 256 grey values, as a brush would have left them on the layer. */
  z.object({ ...layerBase, kind: z.literal('mask'), paint: fileSchema }),
  z.object({
    ...layerBase,
    kind: z.literal('control'),
    map: controlKindSchema,
    region: controlSchemas.region.optional(),
    picture: fileSchema.optional(),
    paint: fileSchema.optional(),
  }),
]);

const exampleSchema = z.object({
  id: z.string().regex(/^[a-z0-9-]{1,40}$/),
  name: nameSchema,
  /** One sentence: what Generate will do. */
  description: z.string().min(1).max(160),
  /** What a pack must have learned for it, as its manifest lists it. */
  task: z.string(),
  /** What the canvas looks like when it opens. */
  cover: fileSchema,
  prompt: z.string().min(1).max(longestPrompt),
  mode: z.enum(['auto', ...generationModes]).default('auto'),
  reference: z.object({ name: nameSchema, picture: fileSchema }).optional(),
  /** Bottom first. */
  layers: z.array(layerSchema).max(20),
});
export type Example = z.infer<typeof exampleSchema>;

/** `examples.json` of a pack, as models/training/data/examples.py writes it. */
const catalogueSchema = z.object({ format: z.literal('gesso-examples/1'), examples: z.array(exampleSchema) });

/** The pack that new canvases start with. */
export const examplePack = settingsSchema.parse({}).pack;

/** The examples of a pack that it has learned to follow; none for a pack without any. */
export async function readExamples(pack = examplePack, root = process.cwd()): Promise<readonly Example[]> {
  const bytes = await readExampleFile('examples.json', pack, root);
  if (bytes === null) return [];
  const { examples } = catalogueSchema.parse(JSON.parse(bytes.toString('utf8')));
  const tasks = await readTasks(pack, root);
  return examples.filter(({ task }) => tasks.includes(task));
}

/** A file of a pack's examples, or null when there is none. The caller knows that `name` is no path. */
export async function readExampleFile(
  name: string,
  pack = examplePack,
  root = process.cwd(),
): Promise<Buffer | null> {
  const file = fileOfHousePack(pack, `examples/${name}`, root);
  return file === null ? null : readFile(file).catch(() => null);
}

export function mediaTypeOf(file: string): string | undefined {
  return mediaTypes[extname(file)];
}

import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { noAbilities, type PackAbilities } from '../../../shared/contracts/abilities.ts';
import { fileOfHousePack } from './house-pack.ts';

export { fileOfHousePack } from './house-pack.ts';

/** Of a manifest, what the controls of the studio depend on. */
const manifestSchema = z.object({
  tasks: z.array(z.string()),
  scale: z.number().optional(),
  components: z.object({ denoiserInt8: z.unknown(), upscaler: z.unknown() }).partial().default({}),
});

/** The tasks that a house pack has learned, by its manifest; none for a pack that is not ours. */
export async function readTasks(packId: string, root = process.cwd()): Promise<readonly string[]> {
  return (await readManifest(packId, root))?.tasks ?? [];
}

/** What a house pack can do beside painting, by its manifest; nothing of it for a pack that is not ours. */
export async function readAbilities(packId: string, root = process.cwd()): Promise<PackAbilities> {
  const manifest = await readManifest(packId, root);
  if (manifest === null) return noAbilities;
  const { tasks, components, scale } = manifest;
  return {
    instruct: tasks.includes('edit'),
    reference: tasks.includes('reference'),
    int8: components.denoiserInt8 !== undefined,
    // Tiles are cut for networks of this factor.
    upscale: components.upscaler !== undefined && scale === 4,
  };
}

async function readManifest(packId: string, root: string): Promise<z.infer<typeof manifestSchema> | null> {
  const file = fileOfHousePack(packId, 'model.json', root);
  if (file === null) return null;
  try {
    return manifestSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return null;
  }
}

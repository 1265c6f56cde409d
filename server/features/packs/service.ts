import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { noAbilities, type PackAbilities } from '../../../shared/contracts/abilities.ts';
import { fileOfHousePack } from './house-pack.ts';

/** Of a manifest, what the controls of the studio depend on. */
const manifestSchema = z.object({
  tasks: z.array(z.string()),
  components: z.object({ denoiserInt8: z.unknown() }).partial().default({}),
});

/** What a house pack can do beside painting, by its manifest; nothing of it for a pack that is not ours. */
export async function readAbilities(packId: string, root = process.cwd()): Promise<PackAbilities> {
  const file = fileOfHousePack(packId, 'model.json', root);
  if (file === null) return noAbilities;
  try {
    const { tasks, components } = manifestSchema.parse(JSON.parse(await readFile(file, 'utf8')));
    return {
      instruct: tasks.includes('edit'),
      reference: tasks.includes('reference'),
      int8: components.denoiserInt8 !== undefined,
    };
  } catch {
    return noAbilities;
  }
}

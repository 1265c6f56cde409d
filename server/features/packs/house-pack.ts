import { join } from 'node:path';

/** The packs that come with the product, seen from the folder that every process is started in. */
const housePacks = 'models/packs';
const packIdSchema = /^[a-z0-9][a-z0-9-]{0,63}$/;

/**
 * Where a small file of a house pack is; null for an id that none can have. Only such files are read in the web process: it
 * never loads a model.
 */
export function fileOfHousePack(packId: string, name: string, root: string): string | null {
  return packIdSchema.test(packId) ? join(root, housePacks, packId, name) : null;
}

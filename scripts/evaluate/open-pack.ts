import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { findPack, listPackFolders, type VerifiedPack, verifyPack } from '../../models/catalog/packs.ts';
import { readEnv } from '../../platform/env.ts';

/** Opens a pack by its id, or by the folder that holds its model.json. Throws PackError. */
export async function openPack(name: string): Promise<VerifiedPack> {
  const isFolder = (await stat(join(name, 'model.json')).catch(() => null)) !== null;
  const folder = isFolder
    ? resolve(name)
    : (await findPack(name, listPackFolders(resolve(readEnv().GESSO_HOME)))).folder;
  return verifyPack(folder);
}

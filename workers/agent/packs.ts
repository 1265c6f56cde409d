import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { listPackFolders, listPacks, verifyPack } from '../../models/catalog/packs.ts';
import type { Log } from '../../platform/log.ts';
import type { Pool } from '../../shared/contracts/generation.ts';

/** A pack that was verified, and the pool whose work it can do. */
export interface ServablePack {
  readonly id: string;
  readonly pool: Pool;
}

export interface PackScanner {
  readonly folders: readonly string[];
  /** The usable packs now. Verifies only what is new or changed since the last scan. */
  scan(): Promise<readonly ServablePack[]>;
}

/** Looks for packs in the product's folder and the person's own; a broken one is logged once and left out. */
export function createPackScanner(gessoHome: string, log: Log): PackScanner {
  const folders = listPackFolders(gessoHome);
  const seen = new Map<string, { readonly changedAt: number; readonly isGood: boolean }>();

  async function isUsable(folder: string): Promise<boolean> {
    const { mtimeMs } = await stat(join(folder, 'model.json'));
    const known = seen.get(folder);
    if (known?.changedAt === mtimeMs) return known.isGood;
    let isGood = true;
    try {
      await verifyPack(folder);
    } catch (err) {
      isGood = false;
      log.warn({ err, folder }, 'a model pack cannot be used');
    }
    seen.set(folder, { changedAt: mtimeMs, isGood });
    return isGood;
  }

  return {
    folders,
    async scan() {
      const { packs } = await listPacks(folders);
      const usable: ServablePack[] = [];
      for (const { folder, manifest } of packs) {
        // The one pipeline that a task runs today.
        if (manifest.pipeline !== 'house-image') continue;
        if (await isUsable(folder)) usable.push({ id: manifest.id, pool: manifest.kind });
      }
      return usable;
    },
  };
}

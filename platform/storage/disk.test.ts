import { mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import type { ContentHash } from '../../shared/document/schema.ts';
import { describeAssetStore } from './acceptance.ts';
import { createDiskStore } from './disk.ts';
import { hashBytes } from './port.ts';

const folders: string[] = [];

async function openFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'gesso-assets-'));
  folders.push(folder);
  return folder;
}

afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

describeAssetStore('a folder', async () => {
  const folder = await openFolder();
  return {
    store: createDiskStore(folder),
    damage: async (hash: ContentHash) => {
      const path = join(folder, hash.slice(0, 2), hash);
      const bytes = await readFile(path);
      bytes.writeUInt8(bytes.readUInt8(1234) ^ 1, 1234);
      await writeFile(path, bytes);
    },
  };
});

it('says that the disk is full, keeps no half file, and works again when there is room', async () => {
  const folder = await openFolder();
  const bytes = new Uint8Array(1000).fill(7);
  const hash = hashBytes(bytes);
  const full = createDiskStore(folder, {
    writeDurably: async (path, all) => {
      await writeFile(path, all.subarray(0, 500));
      throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    },
  });
  await expect(full.put(hash, bytes)).rejects.toMatchObject({ code: 'out_of_space' });
  expect(await full.has(hash)).toBe(false);
  expect(await readdir(join(folder, 'drafts'))).toEqual([]);
  const roomy = createDiskStore(folder);
  await roomy.put(hash, bytes);
  expect((await roomy.get(hash)).length).toBe(1000);
});

it('follows no link that somebody put in place of a file', async () => {
  const folder = await openFolder();
  const outside = join(await openFolder(), 'outside');
  const bytes = new Uint8Array([1, 2, 3]);
  await writeFile(outside, bytes);
  const hash = hashBytes(bytes);
  await mkdir(join(folder, hash.slice(0, 2)));
  await symlink(outside, join(folder, hash.slice(0, 2), hash));
  await expect(createDiskStore(folder).get(hash)).rejects.toThrow();
});

it('sweeps away drafts of processes that died long ago, and leaves young ones', async () => {
  const folder = await openFolder();
  await mkdir(join(folder, 'drafts'));
  await writeFile(join(folder, 'drafts', 'old'), 'x');
  await utimes(join(folder, 'drafts', 'old'), 0, 0);
  await writeFile(join(folder, 'drafts', 'young'), 'x');
  await Array.fromAsync(createDiskStore(folder).list());
  expect(await readdir(join(folder, 'drafts'))).toEqual(['young']);
});

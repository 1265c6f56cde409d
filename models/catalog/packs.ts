import { createHash } from 'node:crypto';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { z } from 'zod';
import {
  listComponents,
  listHashedFiles,
  type PackFile,
  type PackManifest,
  packManifestSchema,
} from './manifest.ts';
import { readOnnxSummary } from './onnx-file.ts';
import { PackError } from './pack-error.ts';
import { hashFile, statPackFile, verifyPackFile } from './pack-file.ts';

const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;

/** A pack whose manifest was read; its files were not looked at yet. */
export interface PackEntry {
  readonly folder: string;
  readonly manifest: PackManifest;
}

/** A pack whose files all are what its manifest says. */
export interface VerifiedPack extends PackEntry {
  /** One hash for the whole pack: equal means the same weights, tokenizer and configuration. */
  readonly sha256: string;
}

/** A folder that looks like a pack but cannot be used, and why. */
export interface BrokenPack {
  readonly folder: string;
  readonly error: PackError;
}

/** The folder of packs that come with the product. */
export const HOUSE_PACKS_FOLDER = join(import.meta.dirname, '../packs');

/** Returns the folders in which packs are looked for: the house packs first, then the person's own. */
export function listPackFolders(gessoHome: string): readonly string[] {
  return [HOUSE_PACKS_FOLDER, join(gessoHome, 'models')];
}

/** Reads the manifest of a pack folder. Throws PackError `not-found`, `unsafe` or `invalid-manifest`. */
export async function readPack(folder: string): Promise<PackEntry> {
  const info = await lstat(folder).catch(() => null);
  if (info === null) {
    throw new PackError('not-found', `there is no folder ${folder}`);
  }
  if (!info.isDirectory()) {
    throw new PackError('unsafe', `${folder} is not a folder`);
  }
  const size = await statPackFile(folder, 'model.json').catch((error: unknown) => {
    const unsafe = error instanceof PackError && error.code === 'unsafe';
    throw unsafe ? error : new PackError('invalid-manifest', `${folder} has no model.json`, { cause: error });
  });
  if (size > MAX_MANIFEST_BYTES) {
    throw new PackError('invalid-manifest', `model.json in ${folder} is larger than 4 MiB`);
  }
  const text = await readFile(join(folder, 'model.json'), 'utf8');
  return { folder, manifest: parseManifest(text, folder) };
}

/**
 * Reads a pack and checks every file of it: regular files only, sizes, hashes, and external data that stays inside the
 * pack and is listed. Throws PackError naming the first thing that is wrong.
 */
export async function verifyPack(folder: string): Promise<VerifiedPack> {
  const entry = await readPack(folder);
  const files = listHashedFiles(entry.manifest);
  for (const file of files) {
    await verifyPackFile(folder, file);
  }
  const listed = new Set(files.map((file) => file.file));
  for (const component of listComponents(entry.manifest)) {
    await checkExternalData(folder, component.file, listed);
  }
  return { ...entry, sha256: await hashPack(folder, entry.manifest, files) };
}

/** Lists the packs below the given folders, usable and broken; of two with one id the first wins. */
export async function listPacks(
  folders: readonly string[],
): Promise<{ readonly packs: readonly PackEntry[]; readonly broken: readonly BrokenPack[] }> {
  const packs: PackEntry[] = [];
  const broken: BrokenPack[] = [];
  for (const parent of folders) {
    const names = await readdir(parent).catch(() => []);
    for (const name of names.toSorted((a, b) => a.localeCompare(b, 'en'))) {
      if (name.startsWith('.')) {
        continue;
      }
      const folder = join(parent, name);
      try {
        const entry = await readPack(folder);
        if (!packs.some((pack) => pack.manifest.id === entry.manifest.id)) {
          packs.push(entry);
        }
      } catch (error) {
        if (!(error instanceof PackError)) {
          throw error;
        }
        const isFolder = (await lstat(folder).catch(() => null))?.isDirectory() === true;
        if (isFolder) {
          broken.push({ folder, error });
        }
      }
    }
  }
  return { packs, broken };
}

/** Finds a pack by id. Throws PackError `not-found` with the ids that exist. */
export async function findPack(id: string, folders: readonly string[]): Promise<PackEntry> {
  const { packs } = await listPacks(folders);
  const found = packs.find((pack) => pack.manifest.id === id);
  if (found === undefined) {
    const ids = packs.map((pack) => pack.manifest.id).join(', ') || 'none';
    throw new PackError('not-found', `there is no model pack '${id}'; installed: ${ids}`);
  }
  return found;
}

function parseManifest(text: string, folder: string): PackManifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new PackError('invalid-manifest', `model.json in ${folder} is not JSON`, { cause: error });
  }
  const parsed = packManifestSchema.safeParse(value);
  if (!parsed.success) {
    throw new PackError('invalid-manifest', `model.json in ${folder}: ${z.prettifyError(parsed.error)}`);
  }
  return parsed.data;
}

async function checkExternalData(folder: string, file: string, listed: ReadonlySet<string>): Promise<void> {
  const summary = await readOnnxSummary(join(folder, file));
  for (const location of summary.externalLocations) {
    const path = posix.normalize(posix.join(posix.dirname(file), location.replaceAll('\\', '/')));
    if (!listed.has(path) || posix.isAbsolute(location)) {
      throw new PackError(
        'unsafe',
        `${file} takes weights from '${location}', which model.json does not list`,
      );
    }
  }
}

/** SHA-256 over the sorted lines `hash  path` of all files that decide the output. */
async function hashPack(folder: string, manifest: PackManifest, files: readonly PackFile[]): Promise<string> {
  const lines = files.map((file) => `${file.sha256}  ${file.file}`);
  if (manifest.pipeline === 'house-image') {
    await statPackFile(folder, manifest.text.tokenizer);
    lines.push(`${await hashFile(join(folder, manifest.text.tokenizer))}  ${manifest.text.tokenizer}`);
  }
  return createHash('sha256').update(lines.toSorted().join('\n')).digest('hex');
}

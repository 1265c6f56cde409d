import {
  chmod,
  copyFile,
  link,
  mkdir,
  mkdtemp,
  readdir,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { inspectFolder } from './hostile-folder.ts';
import { type DiffusersManifest, diffusersManifestSchema, type PackFile } from './manifest.ts';
import { PackError } from './pack-error.ts';
import { hashFile, statPackFile } from './pack-file.ts';
import { findPack, listPacks, type VerifiedPack, verifyPack } from './packs.ts';
import { type RecognisedFolder, recogniseFolder } from './recognise.ts';

export interface AddOptions {
  /** The folder to add. */
  readonly source: string;
  /** The folder of the person's own packs; made when absent. */
  readonly target: string;
  /** All folders in which packs are looked for: an id may exist once. */
  readonly folders: readonly string[];
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly license: string;
  /** Hard links instead of copies: no second copy on the disk, but both must be on one disk. */
  readonly link: boolean;
  /** Runs the pack once; throws when it does not work. */
  readonly prove: (pack: VerifiedPack) => Promise<void>;
}

export interface AddedPack {
  readonly pack: VerifiedPack;
  readonly className: string;
  readonly warnings: readonly string[];
}

/**
 * Adds a model folder: looks at it before any loader does, copies what is needed, hashes the copies, writes model.json,
 * verifies the copy and runs it once. Until all of that worked it lies in a hidden folder, which is removed on failure.
 *
 * Throws PackError; `unsupported` also when the id is taken or the pack does not run.
 */
export async function addPack(options: AddOptions): Promise<AddedPack> {
  const source = resolve(options.source);
  const files = await inspectFolder(source);
  const recognised = await recogniseFolder(source, files);
  await refuseTakenId(options);
  await mkdir(options.target, { recursive: true });
  await clearLeftovers(options.target);
  const staging = await mkdtemp(join(options.target, '.adding-'));
  try {
    const manifest = await copyRecognised(source, staging, { recognised, options });
    await writeFile(join(staging, 'model.json'), `${JSON.stringify(manifest, null, 2)}\n`, { flag: 'wx' });
    const staged = await verifyPack(staging);
    await options.prove(staged);
    const folder = join(options.target, options.id);
    // mkdtemp makes it private; a worker under another account must be able to read it.
    await chmod(staging, 0o755);
    await rename(staging, folder);
    return { pack: { ...staged, folder }, className: recognised.className, warnings: recognised.warnings };
  } catch (error) {
    await rm(staging, { recursive: true, force: true });
    throw error;
  }
}

/** Removes one of the person's own packs. Throws PackError `not-found`, or `unsupported` for one that is not theirs. */
export async function removePack(
  id: string,
  options: { readonly target: string; readonly folders: readonly string[] },
): Promise<string> {
  const { folder } = await findPack(id, options.folders);
  if (dirname(resolve(folder)) !== resolve(options.target)) {
    throw new PackError('unsupported', `${id} comes with Gesso and cannot be removed.`);
  }
  // Renamed first, so that a removal cut short never leaves half a pack under its name.
  const doomed = await mkdtemp(join(options.target, '.removing-'));
  await rename(folder, join(doomed, id));
  await rm(doomed, { recursive: true, force: true });
  return folder;
}

/** Half-added and half-removed folders of runs that were cut off; younger ones may belong to a run at work. */
const LEFTOVER_AGE_MS = 24 * 60 * 60 * 1000;

async function clearLeftovers(target: string): Promise<void> {
  for (const name of await readdir(target)) {
    if (!name.startsWith('.adding-') && !name.startsWith('.removing-')) {
      continue;
    }
    const path = join(target, name);
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > LEFTOVER_AGE_MS) {
      await rm(path, { recursive: true, force: true });
    }
  }
}

async function refuseTakenId(options: AddOptions): Promise<void> {
  const { packs } = await listPacks(options.folders);
  const taken =
    packs.some((pack) => pack.manifest.id === options.id) ||
    (await stat(join(options.target, options.id)).catch(() => null)) !== null;
  if (taken) {
    throw new PackError(
      'unsupported',
      `There is already a model '${options.id}': choose another with --id, or remove it first.`,
    );
  }
}

async function copyRecognised(
  source: string,
  staging: string,
  given: { readonly recognised: RecognisedFolder; readonly options: AddOptions },
): Promise<DiffusersManifest> {
  const { recognised, options } = given;

  const taken = new Map<string, PackFile>();

  async function take(path: string): Promise<PackFile> {
    const before = taken.get(path);
    if (before !== undefined) {
      return before;
    }
    await statPackFile(source, path);
    const to = join(staging, path);
    await mkdir(dirname(to), { recursive: true });
    await (options.link ? linkFile(join(source, path), to) : copyFile(join(source, path), to));
    const file: PackFile = { file: path, sha256: await hashFile(to), bytes: (await stat(to)).size };
    taken.set(path, file);
    return file;
  }

  const components: Record<string, PackFile & { data: PackFile[] }> = {};
  for (const [name, component] of Object.entries(recognised.components)) {
    const data: PackFile[] = [];
    for (const path of component.data) {
      data.push(await take(path));
    }
    components[name] = { ...(await take(component.file)), data };
  }
  const sideFiles: PackFile[] = [];
  for (const path of recognised.sideFiles) {
    sideFiles.push(await take(path));
  }
  return diffusersManifestSchema.parse({
    id: options.id,
    name: options.name,
    version: options.version,
    license: options.license,
    kind: recognised.kind,
    pipeline: recognised.pipeline,
    layout: recognised.layout,
    components,
    files: sideFiles,
  });
}

async function linkFile(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    throw new PackError(
      'unsupported',
      `Cannot link ${from}: it lies on another disk. Add it without --link.`,
      {
        cause: error,
      },
    );
  }
}

import {
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { z } from 'zod';
import { readLayers } from '../lora/layers.ts';
import { PackError } from './pack-error.ts';
import { hashFile, statPackFile, verifyPackFile } from './pack-file.ts';
import { readTensorIndex, readTensors, type TensorIndex } from './safetensors-file.ts';

/**
 * The LoRA files a person added: each lies in a folder of its own below GESSO_HOME/loras, as `lora.safetensors` with
 * `lora.json` beside it, which says what the file must hash to.
 */

const FILE = 'lora.safetensors';
const MANIFEST = 'lora.json';
const MAX_MANIFEST_BYTES = 64 * 1024;

const loraManifestSchema = z.object({
  format: z.literal('gesso-lora/1'),
  id: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'must be lower-case letters, digits and dashes, at most 64'),
  name: z.string().min(1).max(120),
  license: z.string().min(1).max(300),
  /** Layers in the file, over all networks it changes. */
  layers: z.number().int().min(1),
  /** The model it was trained on, where the file says so. */
  base: z.string().max(200).nullable(),
  file: z.object({
    file: z.literal(FILE),
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
    bytes: z.number().int().min(0),
  }),
});
export type LoraManifest = z.infer<typeof loraManifestSchema>;

export interface LoraEntry {
  readonly folder: string;
  /** Path of the safetensors file. */
  readonly path: string;
  readonly manifest: LoraManifest;
}

export interface BrokenLora {
  readonly folder: string;
  readonly error: PackError;
}

/** The folder of the person's LoRA files. */
export function loraFolder(gessoHome: string): string {
  return join(gessoHome, 'loras');
}

/** The LoRA folder that belongs to a model pack of the person's own, which lies in GESSO_HOME/models. */
export function loraFolderBeside(packFolder: string): string {
  return loraFolder(resolve(packFolder, '../..'));
}

/** Returns the id that a name stands for in commands and in `<lora:name:weight>`. */
export function toLoraId(name: string): string {
  return name
    .replace(/\.safetensors$/i, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 64);
}

export interface AddLoraOptions {
  readonly source: string;
  /** The LoRA folder; made when absent. */
  readonly target: string;
  readonly id: string;
  readonly name: string;
  readonly license: string;
}

export interface AddedLora extends LoraEntry {
  /** Names of tensors that will not be used. */
  readonly unread: readonly string[];
}

/**
 * Adds a LoRA file: checks its header before anything else is read, copies it, reads every value once, hashes the copy and
 * writes lora.json. Until all of that worked it lies in a hidden folder, which is removed on failure.
 *
 * Throws PackError: `unsafe` for a hostile file, `unsupported` when it holds no LoRA layers or its id is taken.
 */
export async function addLora(options: AddLoraOptions): Promise<AddedLora> {
  const source = resolve(options.source);
  const index = await readTensorIndex(source);
  const { layers, unread } = readLayers(index);
  if (layers.length === 0) {
    throw new PackError(
      'unsupported',
      `${basename(source)} holds no LoRA layers (nor LoHa, LoKr or full differences); its first tensor is ${JSON.stringify((unread[0] ?? 'none').slice(0, 120))}.`,
    );
  }
  await mkdir(options.target, { recursive: true });
  const folder = join(options.target, options.id);
  if ((await stat(folder).catch(() => null)) !== null) {
    throw new PackError(
      'unsupported',
      `There is already a LoRA '${options.id}': choose another name with --id, or remove it first.`,
    );
  }
  const staging = await mkdtemp(join(options.target, '.adding-'));
  try {
    const path = join(staging, FILE);
    await copyFile(source, path);
    const copied = await readTensorIndex(path);
    await checkNumbers(copied);
    const manifest = loraManifestSchema.parse({
      format: 'gesso-lora/1',
      id: options.id,
      name: options.name,
      license: options.license,
      layers: readLayers(copied).layers.length,
      base: copied.metadata.get('ss_base_model_version')?.slice(0, 200) ?? null,
      file: { file: FILE, sha256: await hashFile(path), bytes: copied.bytes },
    });
    await writeFile(join(staging, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`, { flag: 'wx' });
    // mkdtemp makes it private; a worker under another account must be able to read it.
    await chmod(staging, 0o755);
    await rename(staging, folder);
    return { folder, path: join(folder, FILE), manifest, unread };
  } catch (error) {
    await rm(staging, { recursive: true, force: true });
    throw error;
  }
}

/** A value that is not a number would spread over every picture. */
async function checkNumbers(index: TensorIndex): Promise<void> {
  const { layers } = readLayers(index);
  for (const { change, alpha, magnitude } of layers) {
    const stored = typeof alpha === 'number' ? null : alpha;
    const entries = [...change.tensors, stored, magnitude?.entry].filter(
      (entry) => entry !== null && entry !== undefined,
    );
    const values = await readTensors(index.path, entries);
    values.forEach((tensor, k) => {
      if (!tensor.every(Number.isFinite)) {
        throw new PackError('unsupported', `${entries[k].name} holds values that are not numbers.`);
      }
    });
  }
}

/** Lists LoRAs, usable and broken, in the order of their names. */
export async function listLoras(
  target: string,
): Promise<{ readonly loras: readonly LoraEntry[]; readonly broken: readonly BrokenLora[] }> {
  const loras: LoraEntry[] = [];
  const broken: BrokenLora[] = [];
  const names = await readdir(target).catch(() => []);
  for (const name of names
    .filter((own) => !own.startsWith('.'))
    .toSorted((a, b) => a.localeCompare(b, 'en'))) {
    const folder = join(target, name);
    try {
      loras.push(await readLora(folder));
    } catch (error) {
      if (!(error instanceof PackError)) throw error;
      broken.push({ folder, error });
    }
  }
  return { loras, broken };
}

async function readLora(folder: string): Promise<LoraEntry> {
  const size = await statPackFile(folder, MANIFEST);
  if (size > MAX_MANIFEST_BYTES)
    throw new PackError('invalid-manifest', `${MANIFEST} in ${folder} is too large.`);
  const text = await readFile(join(folder, MANIFEST), 'utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new PackError('invalid-manifest', `${MANIFEST} in ${folder} is not JSON.`, { cause: error });
  }
  const parsed = loraManifestSchema.safeParse(value);
  if (!parsed.success) {
    throw new PackError('invalid-manifest', `${MANIFEST} in ${folder}: ${z.prettifyError(parsed.error)}`);
  }
  if (parsed.data.id !== basename(folder)) {
    throw new PackError('invalid-manifest', `${folder} holds the LoRA '${parsed.data.id}'.`);
  }
  return { folder, path: join(folder, FILE), manifest: parsed.data };
}

/**
 * Finds a LoRA by the name a prompt gives it: upper case, spaces and underscores do not count.
 * Throws PackError `not-found` with the names that exist.
 */
export async function findLora(name: string, target: string): Promise<LoraEntry> {
  const { loras } = await listLoras(target);
  const id = toLoraId(name);
  const found = loras.find(({ manifest }) => manifest.id === id);
  if (found === undefined) {
    const names = loras.map(({ manifest }) => manifest.id).join(', ') || 'none';
    throw new PackError('not-found', `There is no LoRA '${name}'; installed: ${names}.`);
  }
  return found;
}

/** Checks a LoRA against its manifest. Throws PackError naming what is wrong. */
export async function verifyLora({ folder, path, manifest }: LoraEntry): Promise<TensorIndex> {
  await verifyPackFile(folder, manifest.file);
  return readTensorIndex(path);
}

/** Removes a LoRA. Throws PackError `not-found`. */
export async function removeLora(id: string, target: string): Promise<string> {
  const { folder } = await findLora(id, target);
  // Renamed first, so that a removal cut short never leaves half of it under its name.
  const doomed = await mkdtemp(join(target, '.removing-'));
  await rename(folder, join(doomed, id));
  await rm(doomed, { recursive: true, force: true });
  return folder;
}

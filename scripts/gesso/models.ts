import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { addPack, removePack } from '../../models/catalog/add-pack.ts';
import type { PackManifest } from '../../models/catalog/manifest.ts';
import { PackError } from '../../models/catalog/pack-error.ts';
import {
  HOUSE_PACKS_FOLDER,
  listPackFolders,
  listPacks,
  type PackEntry,
  verifyPack,
} from '../../models/catalog/packs.ts';
import { proveDiffusersPack } from '../../models/pipelines/prove.ts';
import { openDevice } from '../../models/runtime/device.ts';
import { readEnv } from '../../platform/env.ts';
import { UsageError } from './generate-options.ts';

const USAGE = `Usage: npx gesso models COMMAND

  list [--json]          what is installed
  add DIR [options]      check a model folder, copy it, and run it once to prove that it works
      --id ID            its name in commands (the folder's name when absent)
      --name TEXT        its name for people
      --version TEXT     which one it is
      --license TEXT     under which terms it may be used
      --link             link the files instead of copying them (same disk only)
  verify [ID …]          check every file against its hash
  remove ID              delete a model that was added

Folders in the diffusers layout with ONNX graphs can be added: exports by optimum, by diffusers' script, by Olive
and those of Amuse. A folder with pickles, links or weights outside of it is refused.
`;

/** `gesso models`: the packs of this machine. Returns 0, 1 when a pack is broken or refused, 2 for wrong arguments. */
export async function run(args: readonly string[]): Promise<number> {
  const [command = 'help', ...rest] = args;
  try {
    switch (command) {
      case 'list':
        return await list(rest);
      case 'add':
        return await add(rest);
      case 'verify':
        return await verify(rest);
      case 'remove':
        return await remove(rest);
      case 'help':
      case '--help':
      case '-h':
        process.stdout.write(USAGE);
        return 0;
      default:
        throw new UsageError(`There is no command "models ${command}".`);
    }
  } catch (error) {
    if (error instanceof UsageError) {
      process.stderr.write(`${error.message}\nTry: npx gesso models --help\n`);
      return 2;
    }
    if (error instanceof PackError) {
      process.stderr.write(`${error.message}\nNothing was changed.\n`);
      return 1;
    }
    throw error;
  }
}

function ownFolder(): string {
  return join(resolve(readEnv().GESSO_HOME), 'models');
}

function allFolders(): readonly string[] {
  return listPackFolders(resolve(readEnv().GESSO_HOME));
}

async function list(args: readonly string[]): Promise<number> {
  const { values } = parse(args, { json: { type: 'boolean' } }, 0);
  const { packs, broken } = await listPacks(allFolders());
  const rows = packs.map(describe);
  if (values.json === true) {
    const faults = broken.map(({ folder, error }) => ({ folder, error: error.message }));
    process.stdout.write(`${JSON.stringify({ packs: rows, broken: faults }, null, 2)}\n`);
    return 0;
  }
  const widths = [
    rows.map((row) => row.id),
    rows.map((row) => row.pipeline),
    rows.map((row) => row.version),
  ].map((column) => Math.max(0, ...column.map((text) => text.length)));
  for (const row of rows) {
    const cells = [row.id.padEnd(widths[0]), row.pipeline.padEnd(widths[1]), row.version.padEnd(widths[2])];
    process.stdout.write(
      `${cells.join('  ')}  ${formatBytes(row.bytes)}  ${row.name}${row.house ? '' : ' (added)'}\n`,
    );
  }
  for (const { folder, error } of broken) {
    process.stdout.write(`${folder} cannot be used: ${error.message}\n`);
  }
  if (rows.length === 0 && broken.length === 0) {
    process.stdout.write('No models are installed.\n');
  }
  return 0;
}

function describe(pack: PackEntry) {
  const { manifest, folder } = pack;
  const { id, name, version, license, kind, pipeline } = manifest;
  const house = resolve(folder).startsWith(resolve(HOUSE_PACKS_FOLDER));
  return { id, name, version, license, kind, pipeline, house, bytes: totalBytes(manifest), folder };
}

function totalBytes(manifest: PackManifest): number {
  return Object.values(manifest.components)
    .flatMap((component) => [component, ...component.data])
    .reduce((total, file) => total + file.bytes, 0);
}

async function add(args: readonly string[]): Promise<number> {
  const text = { type: 'string' } as const;
  const { values, positionals } = parse(
    args,
    { id: text, name: text, version: text, license: text, link: { type: 'boolean' } },
    1,
  );
  const [source] = positionals;
  const folderName = source.split(/[/\\]/).findLast((part) => part !== '' && part !== '.');
  const name = textOf(values.name) ?? folderName ?? 'model';
  const id = textOf(values.id) ?? toId(name);
  if (!/^[a-z0-9][a-z0-9-]{0,63}$/.test(id)) {
    throw new UsageError('--id takes lower-case letters, digits and dashes, at most 64.');
  }
  const signal = new AbortController().signal;
  const device = await openDevice();
  process.stderr.write(`Checking ${source} …\n`);
  try {
    const { pack, className, warnings } = await addPack({
      source,
      target: ownFolder(),
      folders: allFolders(),
      id,
      name,
      version: textOf(values.version) ?? '1',
      license: textOf(values.license) ?? 'not stated',
      link: values.link === true,
      async prove(verified) {
        const { manifest } = verified;
        if (manifest.pipeline === 'house-image') {
          throw new PackError('unsupported', 'A house pack is not added this way.');
        }
        process.stderr.write('Running it once …\n');
        await proveDiffusersPack({ ...verified, manifest }, device.sessions, signal);
      },
    });
    for (const warning of warnings) {
      process.stderr.write(`Note: ${warning}.\n`);
    }
    process.stdout.write(
      `Added ${pack.manifest.id}: ${className}, ${formatBytes(totalBytes(pack.manifest))}, on ${device.provider}\n`,
    );
    return 0;
  } finally {
    await device.sessions.close();
  }
}

async function verify(args: readonly string[]): Promise<number> {
  const { positionals } = parse(args, {}, null);
  const { packs, broken } = await listPacks(allFolders());
  const unknown = positionals.find((id) => !packs.some((pack) => pack.manifest.id === id));
  if (unknown !== undefined) {
    throw new UsageError(`There is no model '${unknown}'.`);
  }
  const wanted = packs.filter((pack) => positionals.length === 0 || positionals.includes(pack.manifest.id));
  let faults = 0;
  for (const { manifest, folder } of wanted) {
    try {
      const { sha256 } = await verifyPack(folder);
      process.stdout.write(`${manifest.id}: all files are as they should be (${sha256.slice(0, 12)})\n`);
    } catch (error) {
      if (!(error instanceof PackError)) {
        throw error;
      }
      faults += 1;
      process.stdout.write(`${manifest.id}: ${error.message}\n`);
    }
  }
  if (positionals.length === 0) {
    for (const { folder, error } of broken) {
      faults += 1;
      process.stdout.write(`${folder}: ${error.message}\n`);
    }
  }
  return faults === 0 ? 0 : 1;
}

async function remove(args: readonly string[]): Promise<number> {
  const { positionals } = parse(args, {}, 1);
  const folder = await removePack(positionals[0], { target: ownFolder(), folders: allFolders() });
  process.stdout.write(`Removed ${folder}\n`);
  return 0;
}

type Options = Readonly<Record<string, { readonly type: 'string' | 'boolean' }>>;

/** Reads options and exactly `count` positionals (any number when null). */
function parse(args: readonly string[], options: Options, count: number | null) {
  let parsed: { readonly values: Readonly<Record<string, unknown>>; readonly positionals: readonly string[] };
  try {
    parsed = parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  if (count !== null && parsed.positionals.length !== count) {
    throw new UsageError(
      count === 0 ? 'This command takes no names.' : 'This command takes exactly one name.',
    );
  }
  return parsed;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function toId(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 64);
}

function formatBytes(bytes: number): string {
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}

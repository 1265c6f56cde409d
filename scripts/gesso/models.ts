import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { addPack, removePack } from '../../models/catalog/add-pack.ts';
import {
  addLora,
  listLoras,
  loraFolder,
  removeLora,
  toLoraId,
  verifyLora,
} from '../../models/catalog/loras.ts';
import { listComponents, type PackManifest } from '../../models/catalog/manifest.ts';
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
import { UsageError } from './run-command.ts';

const USAGE = `Usage: npx gesso models COMMAND

  list [--json]          what is installed
  add DIR [options]      check a model folder, copy it, and run it once to prove that it works
      --id ID            its name in commands (the folder's name when absent)
      --name TEXT        its name for people
      --version TEXT     which one it is
      --license TEXT     under which terms it may be used
      --link             link the files instead of copying them (same disk only)
  add FILE.safetensors   check a LoRA file and copy it; a prompt applies it with <lora:ID:0.8>
      --id, --name, --license as above
  verify [ID …]          check every file against its hash
  remove ID              delete a model or a LoRA that was added

Folders in the diffusers layout with ONNX graphs can be added: exports by optimum, by diffusers' script, by Olive
and those of Amuse. A folder with pickles, links or weights outside of it is refused. LoRA files may hold LoRA, LoHa, LoKr, full
differences and DoRA, with the names of kohya's scripts and LyCORIS or of diffusers and PEFT; OFT, BOFT, GLoRA and
(IA)³ are not read.
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

function ownLoras(): string {
  return loraFolder(resolve(readEnv().GESSO_HOME));
}

async function list(args: readonly string[]): Promise<number> {
  const { values } = parse(args, { json: { type: 'boolean' } }, 0);
  const { packs, broken } = await listPacks(allFolders());
  const rows = packs.map(describe);
  const found = await listLoras(ownLoras());
  const faults = [...broken, ...found.broken];
  if (values.json === true) {
    const loras = found.loras.map(({ manifest: { file, ...manifest }, folder }) => {
      return { ...manifest, sha256: file.sha256, bytes: file.bytes, folder };
    });
    const messages = faults.map(({ folder, error }) => ({ folder, error: error.message }));
    process.stdout.write(`${JSON.stringify({ packs: rows, loras, broken: messages }, null, 2)}\n`);
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
  for (const { manifest } of found.loras) {
    const { id, name, layers, file } = manifest;
    process.stdout.write(`<lora:${id}>  ${layers} layers  ${formatBytes(file.bytes)}  ${name} (added)\n`);
  }
  for (const { folder, error } of faults) {
    process.stdout.write(`${folder} cannot be used: ${error.message}\n`);
  }
  if (rows.length === 0 && found.loras.length === 0 && faults.length === 0) {
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
  const files = listComponents(manifest).flatMap((component) => [component, ...component.data]);
  // Graphs may share their weights.
  const sizes = new Map(files.map(({ file, bytes }) => [file, bytes]));
  return [...sizes.values()].reduce((total, bytes) => total + bytes, 0);
}

async function add(args: readonly string[]): Promise<number> {
  const text = { type: 'string' } as const;
  const { values, positionals } = parse(
    args,
    { id: text, name: text, version: text, license: text, link: { type: 'boolean' } },
    1,
  );
  const [source] = positionals;
  if ((await stat(source).catch(() => null))?.isFile() === true) {
    return addLoraFile(source, {
      id: textOf(values.id),
      name: textOf(values.name),
      license: textOf(values.license),
    });
  }
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

async function addLoraFile(
  source: string,
  given: { readonly id?: string; readonly name?: string; readonly license?: string },
): Promise<number> {
  const name = given.name ?? basename(source).replace(/\.safetensors$/i, '');
  const id = given.id ?? toLoraId(name);
  if (id !== toLoraId(id) || id === '') {
    throw new UsageError('--id takes lower-case letters, digits and single dashes between them, at most 64.');
  }
  process.stderr.write(`Checking ${source} …\n`);
  const license = given.license ?? 'not stated';
  const { manifest, unread } = await addLora({ source, target: ownLoras(), id, name, license });
  if (unread.length > 0) {
    process.stderr.write(
      `Note: ${unread.length} tensors are of a kind that is not read, such as ${unread[0].slice(0, 120)}.\n`,
    );
  }
  process.stdout.write(
    `Added ${id}: LoRA of ${manifest.layers} layers, ${formatBytes(manifest.file.bytes)}. In a prompt: <lora:${id}:0.8>\n`,
  );
  return 0;
}

async function verify(args: readonly string[]): Promise<number> {
  const { positionals } = parse(args, {}, null);
  const { packs, broken } = await listPacks(allFolders());
  const loras = await listLoras(ownLoras());
  const checks: readonly Check[] = [
    ...packs.map(({ manifest, folder }) => ({
      id: manifest.id,
      run: async () => (await verifyPack(folder)).sha256,
    })),
    ...loras.loras.map((lora) => ({
      id: lora.manifest.id,
      run: async () => (await verifyLora(lora), lora.manifest.file.sha256),
    })),
  ];
  const unknown = positionals.find((id) => !checks.some((check) => check.id === id));
  if (unknown !== undefined) {
    throw new UsageError(`There is no model or LoRA '${unknown}'.`);
  }
  let faults = 0;
  for (const { id, run: check } of checks) {
    if (positionals.length > 0 && !positionals.includes(id)) continue;
    try {
      const sha256 = await check();
      process.stdout.write(`${id}: all files are as they should be (${sha256.slice(0, 12)})\n`);
    } catch (error) {
      if (!(error instanceof PackError)) {
        throw error;
      }
      faults += 1;
      process.stdout.write(`${id}: ${error.message}\n`);
    }
  }
  if (positionals.length === 0) {
    for (const { folder, error } of [...broken, ...loras.broken]) {
      faults += 1;
      process.stdout.write(`${folder}: ${error.message}\n`);
    }
  }
  return faults === 0 ? 0 : 1;
}

/** One model or LoRA to compare with its hashes. */
interface Check {
  readonly id: string;
  /** Returns its hash; throws PackError when something differs. */
  readonly run: () => Promise<string>;
}

async function remove(args: readonly string[]): Promise<number> {
  const { positionals } = parse(args, {}, 1);
  const [id] = positionals;
  const { loras } = await listLoras(ownLoras());
  const isLora = loras.some(({ manifest }) => manifest.id === id);
  const folder = isLora
    ? await removeLora(id, ownLoras())
    : await removePack(id, { target: ownFolder(), folders: allFolders() });
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

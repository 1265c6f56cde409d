import { access, constants, mkdir, statfs } from 'node:fs/promises';
import pg from 'pg';
import { listPacks, listPackFolders, verifyPack } from '../../models/catalog/packs.ts';
import { type Env, portsOf, readEnv } from '../../platform/env.ts';
import { toAppError } from '../../platform/errors.ts';
import { homeAt } from '../../platform/home.ts';
import { isListening } from '../../platform/postgres/embedded.ts';

type Finding =
  | { readonly state: 'ok' | 'note'; readonly text: string }
  | { readonly state: 'wrong'; readonly text: string; readonly fix: string };

const ok = (text: string): Finding => ({ state: 'ok', text });
const note = (text: string): Finding => ({ state: 'note', text });
const wrong = (text: string, fix: string): Finding => ({ state: 'wrong', text, fix });

const marks = { ok: 'ok    ', note: 'note  ', wrong: 'WRONG ' } as const;

/** `npx gesso doctor`: one line per thing that Gesso needs, each wrong one with its fix. Exit status 1 when any is wrong. */
export async function run(): Promise<number> {
  const findings: Finding[] = [];
  let env: Env;
  try {
    env = readEnv();
    findings.push(ok('The environment has no bad values.'));
  } catch (error) {
    findings.push(
      wrong(error instanceof Error ? error.message : String(error), 'Correct or unset these variables.'),
    );
    return report(findings);
  }
  findings.push(checkNode());
  findings.push(...(await checkDisk(env)));
  findings.push(await checkDatabase(env));
  findings.push(...(await checkPorts(env)));
  findings.push(...(await checkPacks(env)));
  findings.push(await checkSharp());
  return report(findings);
}

function report(findings: readonly Finding[]): number {
  for (const finding of findings) {
    process.stdout.write(`${marks[finding.state]} ${finding.text}\n`);
    if (finding.state === 'wrong') process.stdout.write(`        → ${finding.fix}\n`);
  }
  const bad = findings.filter((finding) => finding.state === 'wrong').length;
  process.stdout.write(bad === 0 ? '\nEverything that Gesso needs is here.\n' : `\n${bad} to fix.\n`);
  return bad === 0 ? 0 : 1;
}

function checkNode(): Finding {
  const major = Number.parseInt(process.versions.node, 10);
  const text = `Node ${process.versions.node} on ${process.platform}-${process.arch}.`;
  return major >= 24
    ? ok(text)
    : wrong(text, 'Run it through npm start or npx gesso, which bring Node 24, or install Node 24.');
}

async function checkDisk(env: Env): Promise<readonly Finding[]> {
  const home = homeAt(env.GESSO_HOME);
  try {
    await mkdir(home.folder, { recursive: true });
    await access(home.folder, constants.W_OK);
  } catch {
    return [
      wrong(
        `${home.folder} cannot be written to.`,
        'Make it writable, or point GESSO_HOME at a folder that is.',
      ),
    ];
  }
  const { bavail, bsize } = await statfs(home.folder);
  const freeMb = Math.round((bavail * bsize) / 1e6);
  const text = `${home.folder} is writable, ${freeMb} MB free.`;
  return [
    freeMb >= 300 ? ok(text) : wrong(text, 'Free at least 300 MB, or point GESSO_HOME at another disk.'),
  ];
}

async function checkDatabase(env: Env): Promise<Finding> {
  if (env.DATABASE_URL === undefined) return ok('The embedded Postgres is used (DATABASE_URL is not set).');
  const client = new pg.Client({ connectionString: env.DATABASE_URL, connectionTimeoutMillis: 5_000 });
  try {
    await client.connect();
    const { rows } = await client.query<{ server_version: string }>('show server_version');
    return ok(`DATABASE_URL answers: Postgres ${rows[0]?.server_version ?? ''}.`);
  } catch (error) {
    return wrong(
      `DATABASE_URL does not answer: ${error instanceof Error ? error.message : String(error)}.`,
      'Start that Postgres, correct the address, or unset DATABASE_URL to use the embedded one.',
    );
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function checkPorts(env: Env): Promise<readonly Finding[]> {
  const { web, collab, postgres } = portsOf(env);
  const running = await fetch(`http://127.0.0.1:${web}/api/health`, { signal: AbortSignal.timeout(2_000) })
    .then((answer) => answer.ok)
    .catch(() => false);
  if (running) return [note(`Gesso is running at http://localhost:${web}.`)];
  const ports = {
    PORT: web,
    COLLAB_PORT: collab,
    ...(env.DATABASE_URL === undefined ? { POSTGRES_PORT: postgres } : {}),
  };
  return Promise.all(
    Object.entries(ports).map(async ([variable, port]) =>
      (await isListening(port))
        ? wrong(
            `Port ${port} (${variable}) is in use.`,
            `Stop the program that uses it, or set ${variable} to a free port.`,
          )
        : ok(`Port ${port} (${variable}) is free.`),
    ),
  );
}

async function checkPacks(env: Env): Promise<readonly Finding[]> {
  const { packs, broken } = await listPacks(listPackFolders(homeAt(env.GESSO_HOME).folder));
  const findings: Finding[] = broken.map((pack) =>
    wrong(
      `${pack.folder}: ${pack.error.message}`,
      'Restore the folder (git checkout for a house pack), or remove it.',
    ),
  );
  for (const pack of packs) {
    try {
      await verifyPack(pack.folder);
      findings.push(ok(`Pack ${pack.manifest.id} ${pack.manifest.version} is complete.`));
    } catch (error) {
      findings.push(
        wrong(
          `Pack ${pack.manifest.id}: ${toAppError(error).message}`,
          'Restore its files, then run this again.',
        ),
      );
    }
  }
  if (packs.length === 0)
    findings.push(wrong('There is no model pack.', 'Restore models/packs from the repository.'));
  return findings;
}

async function checkSharp(): Promise<Finding> {
  try {
    const { default: sharp } = await import('sharp');
    await sharp({ create: { width: 1, height: 1, channels: 3, background: 'white' } })
      .png()
      .toBuffer();
    return ok(`Pictures can be read and written (libvips ${sharp.versions.vips}).`);
  } catch {
    return wrong(
      'The picture library (sharp) does not load.',
      'Run npm ci again on this machine; node_modules may come from another one.',
    );
  }
}

import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import * as Y from 'yjs';
import { z } from 'zod';
import { childEnv } from '../../platform/env.ts';
import {
  type EmbeddedPostgres,
  ensureDatabase,
  isListening,
  startEmbeddedPostgres,
} from '../../platform/postgres/embedded.ts';
import { freePort } from '../../platform/testing/postgres-setup.ts';
import { type Database, openDatabase } from '../../prisma/client.ts';
import { migrate } from '../../prisma/migrate.ts';
import { canvasOutboxChannel } from '../../shared/contracts/generation.ts';
import { readCandidates, rootsOf } from '../../shared/document/canvas.ts';
import { readCanvasState } from '../../server/features/canvas-log/service.ts';

/** What an editor process reports: edits made, and edits that its people saw as saved. */
export const editorReportSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready') }),
  z.object({ kind: z.literal('made'), canvasId: z.string(), ids: z.array(z.string()) }),
  z.object({ kind: z.literal('saved'), canvasId: z.string(), ids: z.array(z.string()) }),
]);

/** Where each editor process finds what it needs, as JSON in its first argument. */
export const editorOrderSchema = z.object({
  databaseUrl: z.string(),
  port: z.number(),
  origin: z.string(),
  round: z.number(),
  people: z.array(z.object({ userId: z.string(), sessionId: z.string(), canvasId: z.string() })),
});

export const chaosOrigin = 'http://chaos.test';
const canvasCount = 3;
const peopleCount = 12;
type Victim = 'server' | 'postgres' | 'both';
const victims: readonly Victim[] = ['server', 'postgres', 'both'];

interface Tally {
  readonly made: Set<string>;
  readonly saved: Set<string>;
}

/**
 * `npm run chaos -- collab --rounds N`: twelve people edit three canvases through the real client; in each round the
 * collab server, Postgres, or both are killed with SIGKILL, and so is every process that holds a copy in memory. Then
 * everything is started again and the database must hold, exactly once, each edit that anybody saw as saved, and each
 * picture that the server owed a canvas. Returns 1 when one is lost or doubled.
 */
export async function run(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { rounds: { type: 'string', default: '10' }, seconds: { type: 'string', default: '3' } },
  });
  const rounds = z.coerce.number().int().min(1).max(10_000).parse(values.rounds);
  const seconds = z.coerce.number().min(0.5).max(600).parse(values.seconds);
  const folder = await mkdtemp(join(tmpdir(), 'gesso-chaos-'));
  const stage = new Stage(folder, await freePort(), await freePort());
  try {
    return await play(stage, rounds, seconds);
  } finally {
    await stage.close();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function play(stage: Stage, rounds: number, seconds: number): Promise<number> {
  await stage.startPostgres();
  await ensureDatabase(stage.server(), 'gesso');
  await migrate(stage.databaseUrl);
  const people = await furnish(stage.databaseUrl);
  const tallies = new Map<string, Tally>();
  const owed = new Set<string>();
  const totals = { lost: 0, doubled: 0, kept: 0, slowestHeal: 0 };
  await stage.startServer();

  for (let round = 1; round <= rounds; round += 1) {
    const victim = victims[(round - 1) % victims.length] ?? 'both';
    const editors = await startEditors(stage, { round, people, tallies });
    await owePictures(stage.databaseUrl, round, owed);
    await sleep(seconds * (500 + Math.random() * 500));

    if (victim !== 'postgres') await stage.killServer();
    if (victim !== 'server') await stage.killPostgres();
    await sleep(300);
    await killNow(editors);
    if (victim !== 'server') await stage.startPostgres();
    if (victim === 'postgres') {
      totals.slowestHeal = Math.max(totals.slowestHeal, await stage.untilHealthy());
      await stage.killServer();
    }
    await stage.startServer();

    const found = await audit(stage.databaseUrl, tallies, owed);
    totals.lost += found.lost;
    totals.doubled += found.doubled;
    totals.kept = found.kept;
    const saved = sum(tallies, (tally) => tally.saved.size);
    print(
      `round ${round}/${rounds}  killed ${victim.padEnd(8)}  acknowledged ${saved}  lost ${found.lost}  doubled ${found.doubled}`,
    );
  }

  const acknowledged = sum(tallies, (tally) => tally.saved.size);
  const refused = sum(tallies, (tally) => tally.made.size - tally.saved.size);
  print('');
  print(`acknowledged  ${acknowledged}   edits that somebody saw as saved`);
  print(`lost          ${totals.lost}   of those`);
  print(`doubled       ${totals.doubled}   edits or pictures that are there twice`);
  print(
    `refused       ${refused}   edits never shown as saved (${totals.kept} of them were kept all the same)`,
  );
  print(`pictures      ${owed.size}   owed by the server, each there exactly once`);
  print(
    `back after Postgres alone was killed: ${Math.round(totals.slowestHeal)} ms at most, without a restart`,
  );
  if (acknowledged === 0) print('Nothing was acknowledged, so nothing was tested.');
  return totals.lost + totals.doubled > 0 || acknowledged === 0 ? 1 : 0;
}

/** The processes that get killed. */
class Stage {
  readonly #folder: string;
  readonly #postgresPort: number;
  readonly port: number;
  #postgres: EmbeddedPostgres | null = null;
  #collab: ChildProcess | null = null;

  constructor(folder: string, postgresPort: number, port: number) {
    this.#folder = folder;
    this.#postgresPort = postgresPort;
    this.port = port;
  }

  get databaseUrl(): string {
    return `postgresql://gesso@127.0.0.1:${this.#postgresPort}/gesso`;
  }

  server(): EmbeddedPostgres {
    if (this.#postgres === null) throw new Error('Postgres is not running');
    return this.#postgres;
  }

  /** The killed server's children hold its memory for a moment longer, so this may take several tries. */
  async startPostgres(): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        this.#postgres = await startEmbeddedPostgres({
          dataFolder: join(this.#folder, 'postgres'),
          port: this.#postgresPort,
          logFile: join(this.#folder, 'postgres.log'),
        });
        return;
      } catch (error) {
        if (attempt >= 20) throw error;
        await sleep(300);
      }
    }
  }

  async killPostgres(): Promise<void> {
    if (this.#postgres === null) return;
    process.kill(this.#postgres.pid, 'SIGKILL');
    await this.#postgres.exited;
    this.#postgres = null;
  }

  async startServer(): Promise<void> {
    const child = spawn(process.execPath, [join(import.meta.dirname, '../../server/collab/main.ts')], {
      env: childEnv({
        DATABASE_URL: this.databaseUrl,
        COLLAB_PORT: String(this.port),
        GESSO_URL: chaosOrigin,
        REDIS_URL: '',
        LOG_LEVEL: 'info',
      }),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#collab = child;
    await new Promise<void>((settle, fail) => {
      child.stdout.on('data', (chunk: Buffer) => {
        if (chunk.toString().includes('"event":"ready"')) settle();
      });
      child.once('exit', (code) => fail(new Error(`the collab server ended with ${code}`)));
    });
  }

  async killServer(): Promise<void> {
    if (this.#collab !== null) await killNow(this.#collab);
    this.#collab = null;
  }

  /** Milliseconds until the running server answers as healthy again. */
  async untilHealthy(): Promise<number> {
    const began = performance.now();
    for (;;) {
      const answer = await fetch(`http://127.0.0.1:${this.port}/health`).catch(() => null);
      if (answer?.status === 200) return performance.now() - began;
      if (performance.now() - began > 30_000) throw new Error('the collab server did not recover in 30 s');
      await sleep(20);
    }
  }

  async close(): Promise<void> {
    await this.killServer();
    await this.#postgres?.stop();
    const deadline = performance.now() + 5_000;
    while ((await isListening(this.#postgresPort)) && performance.now() < deadline) await sleep(50);
  }
}

interface Person {
  readonly userId: string;
  readonly sessionId: string;
  readonly canvasId: string;
}

/** A team, canvases, people with sessions. */
async function furnish(databaseUrl: string): Promise<readonly Person[]> {
  return withDatabase(databaseUrl, async (database) => {
    await database.organization.create({ data: { id: 'team', name: 'Team', slug: 'team' } });
    const data = { organizationId: 'team', name: 'Project', createdById: 'nobody' };
    await database.project.create({ data: { id: 'project', ...data } });
    for (let index = 0; index < canvasCount; index += 1) {
      await database.canvas.create({
        data: { id: `canvas${index}`, projectId: 'project', name: 'Canvas', createdById: 'nobody' },
      });
    }
    const people: Person[] = [];
    for (let index = 0; index < peopleCount; index += 1) {
      const userId = `user${index}`;
      const sessionId = `session${index}`;
      const expiresAt = new Date(Date.now() + 24 * 3_600_000);
      await database.user.create({ data: { id: userId, name: userId, email: `${userId}@chaos.test` } });
      await database.member.create({ data: { organizationId: 'team', userId, role: 'editor' } });
      await database.session.create({ data: { id: sessionId, userId, token: sessionId, expiresAt } });
      people.push({ userId, sessionId, canvasId: `canvas${index % canvasCount}` });
    }
    return people;
  });
}

/** Starts the process in which all people of this round edit; resolves when each of them is connected. */
async function startEditors(
  stage: Stage,
  {
    round,
    people,
    tallies,
  }: {
    readonly round: number;
    readonly people: readonly Person[];
    readonly tallies: Map<string, Tally>;
  },
): Promise<ChildProcess> {
  const order: z.infer<typeof editorOrderSchema> = {
    databaseUrl: stage.databaseUrl,
    port: stage.port,
    origin: chaosOrigin,
    round,
    people: [...people],
  };
  const child = fork(join(import.meta.dirname, 'collab-editors.ts'), [JSON.stringify(order)], {
    env: childEnv({ LOG_LEVEL: 'silent' }),
  });
  const ready = new Promise<void>((settle, fail) => {
    child.on('message', (message) => {
      const report = editorReportSchema.parse(message);
      if (report.kind === 'ready') {
        settle();
        return;
      }
      const tally = tallies.get(report.canvasId) ?? { made: new Set(), saved: new Set() };
      tallies.set(report.canvasId, tally);
      for (const id of report.ids) tally[report.kind].add(id);
    });
    child.once('exit', () => fail(new Error('the editors ended before they were connected')));
  });
  await ready;
  return child;
}

/** Rows of the outbox, as the workers write them. */
async function owePictures(databaseUrl: string, round: number, owed: Set<string>): Promise<void> {
  await withDatabase(databaseUrl, async (database) => {
    for (let index = 0; index < canvasCount; index += 1) {
      const id = `picture${round}-${index}`;
      const payload = {
        generationId: `generation${round}-${index}`,
        requestedBy: 'user0',
        prompt: 'a fox',
        frame: [0, 0, 256, 256],
        at: round,
        outputs: [{ id, asset: 'a'.repeat(64), width: 256, height: 256, seed: round }],
      };
      await database.canvasOutbox.create({
        data: { canvasId: `canvas${index}`, kind: 'candidates', payload },
      });
      await database.$executeRaw`select pg_notify(${canvasOutboxChannel}, ${`canvas${index}`})`;
      owed.add(`canvas${index}/${id}`);
    }
  });
}

/** Compares what the database holds with what was promised. */
async function audit(
  databaseUrl: string,
  tallies: ReadonlyMap<string, Tally>,
  owed: ReadonlySet<string>,
): Promise<{ readonly lost: number; readonly doubled: number; readonly kept: number }> {
  return withDatabase(databaseUrl, async (database) => {
    await untilDelivered(database);
    const result = { lost: 0, doubled: 0, kept: 0 };
    const pictures = new Set<string>();
    for (let index = 0; index < canvasCount; index += 1) {
      const canvasId = `canvas${index}`;
      const doc = new Y.Doc();
      Y.applyUpdate(doc, await readCanvasState(database, canvasId));
      const stored = doc.getArray<string>('chaos').toArray();
      const there = new Set(stored);
      const tally = tallies.get(canvasId) ?? { made: new Set(), saved: new Set() };
      result.doubled += stored.length - there.size;
      for (const id of tally.saved) if (!there.has(id)) result.lost += 1;
      for (const id of there) if (!tally.saved.has(id)) result.kept += 1;
      if (doc.store.pendingStructs !== null) result.lost += 1;
      for (const { id } of readCandidates(rootsOf(doc).candidates)) pictures.add(`${canvasId}/${id}`);
      doc.destroy();
    }
    for (const picture of owed) if (!pictures.has(picture)) result.lost += 1;
    return result;
  });
}

async function untilDelivered(database: Database): Promise<void> {
  const deadline = performance.now() + 15_000;
  while ((await database.canvasOutbox.count()) > 0 && performance.now() < deadline) await sleep(50);
}

async function withDatabase<T>(url: string, work: (database: Database) => Promise<T>): Promise<T> {
  const database = openDatabase(url, 2);
  try {
    return await work(database);
  } finally {
    await database.$disconnect();
  }
}

async function killNow(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.removeAllListeners('exit');
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

function sum(tallies: ReadonlyMap<string, Tally>, of: (tally: Tally) => number): number {
  return [...tallies.values()].reduce((total, tally) => total + of(tally), 0);
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((next) => setTimeout(next, milliseconds));
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

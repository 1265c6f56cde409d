import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as Y from 'yjs';
import { createDiskStore } from '../../../platform/storage/disk.ts';
import type { AssetStore } from '../../../platform/storage/port.ts';
import { createTestDatabase, type TestDatabase } from '../../../platform/testing/database.ts';
import { createLog } from '../../../platform/log.ts';
import { accessChangedChannel, type Role } from '../../../shared/contracts/generation.ts';
import { readCanvasState } from '../../features/canvas-log/service.ts';
import { issueTicket } from '../../features/tickets/service.ts';
import { type CollabServer, startCollabServer } from '../server.ts';
import { TestSocket } from './test-socket.ts';

export const testOrigin = 'http://studio.test';

export interface Person {
  readonly userId: string;
  readonly sessionId: string;
}

/** A database with one team and one project, and collab servers on it. Close it in afterAll. */
export class Harness {
  readonly db: TestDatabase;
  readonly storage: AssetStore;
  readonly #folder: string;
  readonly #servers = new Set<CollabServer>();
  readonly #sockets = new Set<TestSocket>();
  #made = 0;

  private constructor(db: TestDatabase, folder: string) {
    this.db = db;
    this.#folder = folder;
    this.storage = createDiskStore(folder);
  }

  static async start(): Promise<Harness> {
    const harness = new Harness(await createTestDatabase(), await mkdtemp(join(tmpdir(), 'gesso-collab-')));
    await harness.db.database.organization.create({ data: { id: 'team', name: 'Team', slug: 'team' } });
    await harness.db.database.project.create({
      data: { id: 'project', organizationId: 'team', name: 'Project', createdById: 'nobody' },
    });
    return harness;
  }

  async startServer(
    options: { readonly redisUrl?: string; readonly port?: number; readonly databaseUrl?: string } = {},
  ): Promise<CollabServer> {
    const server = await startCollabServer({
      databaseUrl: options.databaseUrl ?? this.db.url,
      redisUrl: options.redisUrl,
      port: options.port ?? 0,
      host: '127.0.0.1',
      origins: [testOrigin],
      storage: this.storage,
      log: createLog('collab-test'),
    });
    this.#servers.add(server);
    return server;
  }

  async makeCanvas(): Promise<string> {
    const id = `canvas-${this.#made++}`;
    await this.db.database.canvas.create({
      data: { id, projectId: 'project', name: id, createdById: 'nobody' },
    });
    return id;
  }

  /** A signed-in person; with a role, a member of the team. */
  async makePerson(role: Role | null): Promise<Person> {
    const userId = `user-${this.#made++}`;
    const { database } = this.db;
    await database.user.create({ data: { id: userId, name: `Person ${userId}`, email: `${userId}@test` } });
    if (role !== null) await database.member.create({ data: { organizationId: 'team', userId, role } });
    const sessionId = `session-${this.#made++}`;
    await database.session.create({
      data: { id: sessionId, userId, token: sessionId, expiresAt: new Date(Date.now() + 3_600_000) },
    });
    return { userId, sessionId };
  }

  /** Changes or takes away a person's role, and says so as the server's procedures do. */
  async setRole(person: Person, role: Role | null): Promise<void> {
    const where = { organizationId: 'team', userId: person.userId };
    const { database } = this.db;
    if (role === null) await database.member.deleteMany({ where });
    else await database.member.updateMany({ where, data: { role } });
    await database.$executeRaw`select pg_notify(${accessChangedChannel}, ${JSON.stringify(where)})`;
  }

  async ticket(person: Person, canvasId: string): Promise<string> {
    return (await issueTicket(this.db.database, { canvasId, ...person })).ticket;
  }

  /** Opens a socket with a fresh ticket, or with what `how` says instead. */
  async connect(
    server: CollabServer,
    person: Person,
    canvasId: string,
    how: { readonly origin?: string | null; readonly ticket?: string; readonly epoch?: number } = {},
  ): Promise<TestSocket> {
    const ticket = how.ticket ?? (await this.ticket(person, canvasId));
    const socket = new TestSocket(
      `ws://127.0.0.1:${server.port}/canvas:${canvasId}:${how.epoch ?? 0}?ticket=${ticket}`,
      how.origin === undefined ? testOrigin : how.origin,
    );
    this.#sockets.add(socket);
    return socket;
  }

  /** The committed document, as everybody would load it. */
  async committed(canvasId: string): Promise<Y.Doc> {
    const doc = new Y.Doc();
    Y.applyUpdate(doc, await readCanvasState(this.db.database, canvasId));
    return doc;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.terminate();
    await Promise.all([...this.#servers].map((server) => server.stop()));
    await this.db.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Waits until `done` holds; throws after `patience` milliseconds. */
export async function until(done: () => boolean | Promise<boolean>, patience = 30_000): Promise<void> {
  const deadline = performance.now() + patience;
  while (!(await done())) {
    if (performance.now() > deadline) throw new Error(`not within ${patience} ms: ${done.toString()}`);
    await new Promise((next) => setTimeout(next, 10));
  }
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((next) => setTimeout(next, milliseconds));
}

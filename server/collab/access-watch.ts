import type pg from 'pg';
import { z } from 'zod';
import type { Log } from '../../platform/log.ts';
import type { Database } from '../../prisma/client.ts';
import { closeCodes } from '../../shared/protocol/close-codes.ts';
import { type CanvasAccess, findCanvasAccess } from '../features/access/service.ts';
import type { Connection } from './connection.ts';
import { accessCheckInterval, sessionCheckInterval } from './limits.ts';
import { selectEndedSessions } from './postgres.ts';
import type { Room } from './room.ts';
import type { Rooms } from './rooms.ts';

const noticeSchema = z.object({ userId: z.string() });

export interface AccessWatchOptions {
  readonly database: Database;
  readonly pool: pg.Pool;
  readonly rooms: Rooms;
  readonly log: Log;
}

/** Keeps open sockets honest about who may be in them: rules [X1] to [X4]. */
export class AccessWatch {
  readonly #options: AccessWatchOptions;
  readonly #timers: NodeJS.Timeout[] = [];
  /** Grows with every notice: whoever read a role before and joined after must be checked again. */
  #notices = 0;
  #checking = false;
  /** A session ended while the sessions were being looked at. */
  #checkAgain = false;

  constructor(options: AccessWatchOptions) {
    this.#options = options;
  }

  get notices(): number {
    return this.#notices;
  }

  start(): void {
    this.#timers.push(
      setInterval(() => void this.#checkSessions(), sessionCheckInterval),
      setInterval(() => void this.checkAll(), accessCheckInterval),
    );
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  /** Takes the payload of an access_changed notification. */
  onNotice(payload: string): void {
    this.#notices += 1;
    let userId: string;
    try {
      userId = noticeSchema.parse(JSON.parse(payload)).userId;
    } catch {
      void this.checkAll();
      return;
    }
    void this.#check(this.#select((connection) => connection.user.id === userId));
  }

  /** Takes a session_ended notification: whose it was is found out by looking. */
  onSessionEnded(): void {
    void this.#checkSessions();
  }

  checkAll(): Promise<void> {
    return this.#check(this.#select(() => true));
  }

  checkOne(room: Room, connection: Connection): Promise<void> {
    return this.#check([[room, connection]]);
  }

  #select(wanted: (connection: Connection) => boolean): (readonly [Room, Connection])[] {
    return [...this.#options.rooms.connections()].filter(([, connection]) => wanted(connection));
  }

  async #check(members: readonly (readonly [Room, Connection])[]): Promise<void> {
    const answers = new Map<string, Promise<CanvasAccess | null>>();
    const { database, log, rooms } = this.#options;
    try {
      for (const [room, connection] of members) {
        const where = { userId: connection.user.id, canvasId: room.name.canvasId };
        const key = `${where.userId} ${where.canvasId}`;
        const answer = answers.get(key) ?? findCanvasAccess(database, where);
        answers.set(key, answer);
        settle(room, connection, await answer);
      }
    } catch (error) {
      log.error({ err: error }, 'access could not be checked');
      rooms.end(closeCodes.unavailable, 'the database cannot be reached');
    }
  }

  /** [X2], [X4]: also how we notice, without any edit, that the database is gone. */
  async #checkSessions(): Promise<void> {
    const members = [...this.#options.rooms.connections()];
    if (members.length === 0) return;
    if (this.#checking) {
      this.#checkAgain = true;
      return;
    }
    this.#checking = true;
    this.#checkAgain = false;
    try {
      const ids = [...new Set(members.map(([, connection]) => connection.sessionId))];
      const ended = await selectEndedSessions(this.#options.pool, ids);
      for (const [, connection] of members) {
        if (ended.has(connection.sessionId))
          connection.close(closeCodes.notSignedIn, 'the session has ended');
      }
    } catch (error) {
      this.#options.log.error({ err: error }, 'sessions could not be checked');
      this.#options.rooms.end(closeCodes.unavailable, 'the database cannot be reached');
    }
    this.#checking = false;
    if (this.#checkAgain) await this.#checkSessions();
  }
}

function settle(room: Room, connection: Connection, access: CanvasAccess | null): void {
  if (!connection.isOpen) return;
  if (access === null) connection.close(closeCodes.notAllowed, 'you have no access any more');
  else if (access.canvas.epoch !== room.name.epoch)
    connection.close(closeCodes.conflict, 'the canvas was rebuilt');
  else if (access.role !== connection.role) room.setRole(connection, access.role);
}

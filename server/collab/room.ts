import { randomInt } from 'node:crypto';
import type pg from 'pg';
import * as Y from 'yjs';
import type { Log } from '../../platform/log.ts';
import type { Database } from '../../prisma/client.ts';
import { personColorAmong } from '../../shared/color/person-color.ts';
import { closeCodes } from '../../shared/protocol/close-codes.ts';
import type { ClockRange } from '../../shared/protocol/content-ranges.ts';
import {
  type ClientMessage,
  writeAccess,
  writeAcknowledgement,
  writeSyncStep1,
  writeSyncStep2,
  writeUpdate,
} from '../../shared/protocol/messages.ts';
import { compactLog, type LogName, loadDocument, readLog } from '../features/canvas-log/service.ts';
import type { Connection } from './connection.ts';
import { EditIntake, type EditSender, refuse } from './edit-intake.ts';
import type { FanOut, RoomChannel } from './fan-out.ts';
import { compactionPause, emptyRoomPatience, rowsBeforeCompaction, touchPause } from './limits.ts';
import type { CommittedEdit, EditSink, LogWriter } from './log-writer.ts';
import { maySay } from './message-policy.ts';
import { bindClients, deleteLogRow, selectClientOwners, touchCanvas } from './postgres.ts';
import { Presence } from './presence.ts';
import { type Applied, RoomDocument, serverUserId } from './room-document.ts';

export interface RoomOptions {
  readonly name: LogName;
  readonly database: Database;
  readonly pool: pg.Pool;
  readonly writer: LogWriter<EditSender>;
  readonly fanOut: FanOut;
  readonly log: Log;
  /** The room is over; a new one may be made. */
  readonly onClosed: (room: Room) => void;
}

/** What a server edit works with: the client id that it writes under, and a way to see what an edit would come to. */
export interface ServerDesk {
  readonly clientId: number;
  /** Null when `edit` changes nothing. */
  draft(edit: (doc: Y.Doc) => void): Uint8Array | null;
  /** Reads the log, for an edit that depends on what other instances have committed. */
  refresh(): Promise<void>;
}

/** [R1] */
type Phase =
  | { readonly name: 'loading'; readonly loaded: Promise<void> }
  | { readonly name: 'open'; readonly document: RoomDocument }
  | { readonly name: 'saving'; readonly document: RoomDocument }
  | { readonly name: 'closing' };

/** One canvas at one epoch: who is in it, what is committed, what waits for its commit. */
export class Room implements EditSink<EditSender> {
  readonly name: LogName;
  readonly #options: RoomOptions;
  readonly #connections = new Set<Connection>();
  readonly #presence: Presence;
  readonly #channel: RoomChannel;
  readonly #intake: EditIntake;
  #phase: Phase;
  /** Edits between acceptance and commit. */
  #uncommitted = 0;
  /** Work that needs the room without being in it: server edits. */
  #holds = 0;
  #rows = 0;
  #compactedAt = Number.NEGATIVE_INFINITY;
  #touchedAt = Number.NEGATIVE_INFINITY;
  #healing: Promise<void> | null = null;
  #emptyTimer: NodeJS.Timeout | undefined;
  #serverEdits: Promise<unknown> = Promise.resolve();
  #serverClientId = randomInt(1, 2 ** 32);
  #quarantined: ReadonlySet<bigint> = new Set();

  constructor(options: RoomOptions) {
    this.name = options.name;
    this.#options = options;
    this.#presence = new Presence({
      members: () => this.#connections,
      claim: (client, userId) => this.#document?.claim(client, userId) ?? false,
      onLocalChange: (entries) => this.#channel.publishPresence(entries),
      now: () => Date.now(),
    });
    this.#channel = options.fanOut.join(options.name, {
      onUpdate: (update) => this.#takeRemote(update),
      onPresence: (entries) => this.#presence.receiveRemote(entries),
      onGap: () => void this.#heal(),
      onHello: () => {
        const entries = this.#presence.localEntries();
        if (entries.length > 0) this.#channel.publishPresence(entries);
      },
    });
    this.#intake = new EditIntake({
      document: () => this.#document,
      heal: () => this.#heal(),
      askForEdits: (connection) => this.#askForEdits(connection),
      bindClients: (clients, userId) => bindClients(options.pool, { name: this.name, clients, userId }),
      append: (edit) => {
        this.#uncommitted += 1;
        options.writer.append(this, edit);
      },
      onFailed: (cause) => this.onCommitFailed(cause),
    });
    this.#phase = { name: 'loading', loaded: this.#load() };
  }

  get phase(): Phase['name'] {
    return this.#phase.name;
  }

  get connections(): ReadonlySet<Connection> {
    return this.#connections;
  }

  /** Whether the log has rows since the last compaction here. */
  get hasRows(): boolean {
    return this.#rows > 0;
  }

  /** Puts a socket into the room; its messages wait until the room is open. */
  join(connection: Connection): void {
    clearTimeout(this.#emptyTimer);
    this.#connections.add(connection);
    if (this.#phase.name !== 'loading') this.#greet(connection);
  }

  /** [A3] A colour that nobody else in the room has, while there are any left; one person has one in all tabs. */
  colorFor(userId: string): string {
    const held = new Map(this.#presence.remoteColors());
    for (const { user } of this.#connections) held.set(user.id, user.color);
    const own = held.get(userId);
    if (own !== undefined) return own;
    return personColorAmong(userId, new Set(held.values())).color;
  }

  leave(connection: Connection): void {
    if (!this.#connections.delete(connection)) return;
    this.#presence.leave(connection);
    this.#scheduleEnd();
  }

  /** Takes one message of a member. A promise means: hold the next ones back until it settles. */
  receive(connection: Connection, message: ClientMessage): Promise<void> | undefined {
    const phase = this.#phase;
    switch (phase.name) {
      case 'loading':
        return phase.loaded.then(() => this.receive(connection, message));
      case 'closing':
        connection.close(closeCodes.unavailable, 'the room is closing');
        return undefined;
      case 'open':
      case 'saving':
        return this.#receive(connection, message, phase.document);
    }
  }

  /** Tells a member its role from now on, and asks a new editor for what it has. */
  setRole(connection: Connection, role: Connection['role']): void {
    const before = connection.role;
    connection.setRole(role);
    if (!maySay(before, 'sync-step-2')) this.#askForEdits(connection);
  }

  /**
   * An edit by the server ([O1], [O3]). `work` gets a function that drafts an update of the present state, must append
   * that to the log itself, and resolves with it (or with null when there was nothing to do); then it is applied and
   * broadcast. One at a time a room.
   */
  editAsServer(work: (desk: ServerDesk) => Promise<Uint8Array | null>): Promise<void> {
    this.#holds += 1;
    clearTimeout(this.#emptyTimer);
    const done = this.#serverEdits.then(async () => {
      if (this.#phase.name === 'loading') await this.#phase.loaded;
      const document = this.#document;
      if (document === null) throw new Error('the room has closed');
      const clientId = this.#serverClientId;
      let update: Uint8Array | null;
      try {
        update = await work({
          clientId,
          draft: (edit) => document.draft(clientId, edit),
          refresh: () => this.#readLogAgain(),
        });
      } catch (error) {
        // The update may be in the log all the same; its clocks must not be used a second time.
        this.#serverClientId = randomInt(1, 2 ** 32);
        void this.#heal();
        throw error;
      }
      if (update === null) return;
      this.#document?.bind(clientId, serverUserId);
      const broken = this.#applyAndTell([update], null);
      if (broken !== null) this.end(closeCodes.internal, 'the canvas is loaded again');
      this.#channel.publishUpdate(update);
      this.#touch();
      this.#countRows(1);
    });
    this.#serverEdits = done.catch(() => undefined);
    return done.finally(() => {
      this.#holds -= 1;
      this.#scheduleEnd();
    });
  }

  onCommitted(edits: readonly CommittedEdit<EditSender>[]): void {
    this.#uncommitted -= edits.length;
    const document = this.#document;
    if (document === null) return;
    const stored = edits.filter((edit) => edit.update !== null);
    const updates = stored.flatMap((edit) => (edit.update === null ? [] : [edit.update]));
    const senders = new Set(stored.map((edit) => edit.sender.connection));
    // One writer alone knows what it wrote; several get one shared message, in which their own part does no harm.
    const except = senders.size === 1 ? ([...senders][0] ?? null) : null;
    const [only, ...others] = updates;
    const broken =
      only !== undefined && others.length === 0
        ? this.#tell(document.applyChecked(only), except)
        : this.#applyAndTell(updates, except);
    if (broken !== null) {
      const culprit = stored[broken];
      if (culprit !== undefined) this.#expel(culprit);
      return;
    }
    this.#acknowledge(edits);
    for (const update of updates) this.#channel.publishUpdate(update);
    if (updates.length > 0) {
      this.#touch();
      this.#countRows(new Set(stored.map((edit) => edit.rowId)).size);
    }
    this.#scheduleEnd();
  }

  onCommitFailed(cause: unknown): void {
    this.#uncommitted = 0;
    this.#options.log.error({ err: cause, canvasId: this.name.canvasId }, 'a commit failed');
    this.end(closeCodes.unavailable, 'the database cannot be reached');
  }

  /** Sends away everybody and forgets the document; the log has all that counts. */
  end(code: number, reason: string): void {
    const document = this.#document;
    this.#phase = { name: 'closing' };
    clearTimeout(this.#emptyTimer);
    this.#options.writer.discard(this);
    this.#channel.close();
    this.#presence.destroy();
    document?.destroy();
    this.#options.onClosed(this);
    for (const connection of this.#connections) connection.close(code, reason);
    this.#connections.clear();
  }

  /** [R4] Folds the log, whatever its length. Never throws: a failed compaction costs only space ([R5]). */
  async compact(): Promise<void> {
    this.#rows = 0;
    this.#compactedAt = performance.now();
    try {
      await compactLog(this.#options.database, this.name);
    } catch (error) {
      this.#options.log.warn({ err: error, canvasId: this.name.canvasId }, 'a compaction failed');
    }
  }

  /** What `read` finds in the document; null while there is none. It must not change anything. */
  inspect<T>(read: (doc: Y.Doc) => T): T | null {
    const document = this.#document;
    return document === null ? null : read(document.doc);
  }

  /** Housekeeping, once in a while. */
  expirePresence(): void {
    this.#presence.expire();
  }

  get #document(): RoomDocument | null {
    const phase = this.#phase;
    return phase.name === 'open' || phase.name === 'saving' ? phase.document : null;
  }

  async #load(): Promise<void> {
    try {
      // An insert of a room that ended just now may still be on its way.
      await this.#options.writer.settle();
      const [loaded, owners] = await Promise.all([
        loadDocument(this.#options.database, this.name),
        selectClientOwners(this.#options.pool, this.name),
      ]);
      if (this.#phase.name === 'closing') {
        loaded.doc.destroy();
        return;
      }
      if (loaded.quarantined.length > 0) {
        const rows = loaded.quarantined.map(String);
        this.#options.log.error({ canvasId: this.name.canvasId, rows }, 'log rows that cannot be applied');
      }
      this.#quarantined = new Set(loaded.quarantined);
      this.#phase = { name: 'open', document: new RoomDocument(loaded.doc, owners) };
      for (const connection of this.#connections) this.#greet(connection);
      // Presence that came while the room was loading could not be told from a stranger's, and was dropped.
      this.#channel.askWhoIsHere();
      this.#countRows(loaded.rowIds.length);
      this.#scheduleEnd();
    } catch (error) {
      this.#options.log.error({ err: error, canvasId: this.name.canvasId }, 'a room could not be loaded');
      this.end(closeCodes.unavailable, 'the canvas could not be loaded');
    }
  }

  #greet(connection: Connection): void {
    connection.send(writeAccess(connection.role));
    this.#askForEdits(connection);
    this.#presence.sendAll(connection);
  }

  /** [M3] */
  #askForEdits(connection: Connection): void {
    const document = this.#document;
    if (document !== null && maySay(connection.role, 'sync-step-2'))
      connection.send(writeSyncStep1(Y.encodeStateVector(document.doc)));
  }

  #receive(
    connection: Connection,
    message: ClientMessage,
    document: RoomDocument,
  ): Promise<void> | undefined {
    if (!maySay(connection.role, message.kind)) return refuse(connection);
    switch (message.kind) {
      case 'sync-step-1':
        try {
          connection.send(writeSyncStep2(Y.encodeStateAsUpdate(document.doc, message.stateVector)));
        } catch {
          connection.close(closeCodes.badInput, 'not a state vector');
        }
        return undefined;
      case 'awareness':
        try {
          this.#presence.receive(connection, message.update);
        } catch {
          connection.close(closeCodes.badInput, 'not an awareness update');
        }
        return undefined;
      case 'query-awareness':
        this.#presence.sendAll(connection);
        return undefined;
      case 'sync-step-2':
      case 'update':
        return this.#intake.take(connection, message);
    }
  }

  /** Applies committed updates and sends the difference to members. Returns the index of one that broke, or null. */
  #applyAndTell(updates: readonly Uint8Array[], except: Connection | null): number | null {
    const document = this.#document;
    return document === null || updates.length === 0 ? null : this.#tell(document.apply(updates), except);
  }

  #tell(applied: Applied, except: Connection | null): number | null {
    if (applied.state === 'broken') {
      this.#options.log.error(
        { err: applied.cause, canvasId: this.name.canvasId },
        'an update could not be applied',
      );
      return applied.index;
    }
    if (applied.update !== null) {
      const message = writeUpdate(applied.update);
      for (const connection of this.#connections) {
        if (connection !== except) connection.send(message);
      }
    }
    return null;
  }

  /** [E9] */
  #expel(culprit: CommittedEdit<EditSender>): void {
    if (culprit.rowId !== null) {
      deleteLogRow(this.#options.pool, culprit.rowId).catch((error: unknown) =>
        this.#options.log.error({ err: error }, 'a row that cannot be applied could not be deleted'),
      );
    }
    culprit.sender.connection.close(closeCodes.badInput, 'an edit that cannot be applied');
    this.end(closeCodes.internal, 'the canvas is loaded again');
  }

  #acknowledge(edits: readonly CommittedEdit<EditSender>[]): void {
    const perConnection = new Map<Connection, { inserted: ClockRange[]; deleted: ClockRange[] }>();
    for (const { sender } of edits) {
      if (sender.everything) {
        sender.connection.send(writeAcknowledgement({ kind: 'everything' }));
        continue;
      }
      const ranges = perConnection.get(sender.connection) ?? { inserted: [], deleted: [] };
      ranges.inserted.push(...sender.inserted);
      ranges.deleted.push(...sender.deleted);
      perConnection.set(sender.connection, ranges);
    }
    for (const [connection, ranges] of perConnection)
      connection.send(writeAcknowledgement({ kind: 'update', ranges }));
  }

  #takeRemote(update: Uint8Array): void {
    const document = this.#document;
    if (document === null) return;
    const broken = this.#applyAndTell([update], null);
    if (broken !== null) this.end(closeCodes.internal, 'the canvas is loaded again');
    else if (document.hasGap) void this.#heal();
  }

  /** Applies what the log has and the document lacks ([E4], [S2]). Never throws. */
  #heal(): Promise<void> {
    this.#healing ??= this.#readLogAgain().finally(() => {
      this.#healing = null;
    });
    return this.#healing;
  }

  async #readLogAgain(): Promise<void> {
    if (this.#phase.name === 'loading') await this.#phase.loaded;
    if (this.#document === null) return;
    try {
      const [{ snapshot, rows }, owners] = await Promise.all([
        readLog(this.#options.database, this.name),
        selectClientOwners(this.#options.pool, this.name),
      ]);
      for (const [client, userId] of owners) this.#document?.bind(client, userId);
      const updates = rows.filter((row) => !this.#quarantined.has(row.id)).map((row) => row.update);
      const broken = this.#applyAndTell(snapshot === null ? updates : [snapshot, ...updates], null);
      if (broken !== null) this.end(closeCodes.internal, 'the canvas is loaded again');
    } catch (error) {
      this.#options.log.warn({ err: error, canvasId: this.name.canvasId }, 'the log could not be read again');
    }
  }

  #countRows(rows: number): void {
    this.#rows += rows;
    if (this.#rows < rowsBeforeCompaction) return;
    if (performance.now() - this.#compactedAt < compactionPause) return;
    void this.compact();
  }

  #touch(): void {
    const now = performance.now();
    if (now - this.#touchedAt < touchPause) return;
    this.#touchedAt = now;
    touchCanvas(this.#options.pool, this.name.canvasId).catch(() => undefined);
  }

  get #isIdle(): boolean {
    return this.#connections.size === 0 && this.#uncommitted === 0 && this.#holds === 0;
  }

  #scheduleEnd(): void {
    if (!this.#isIdle || this.#phase.name !== 'open') return;
    clearTimeout(this.#emptyTimer);
    this.#emptyTimer = setTimeout(() => void this.#save(), emptyRoomPatience);
  }

  async #save(): Promise<void> {
    const phase = this.#phase;
    if (phase.name !== 'open' || !this.#isIdle) return;
    this.#phase = { name: 'saving', document: phase.document };
    if (this.#rows > 0) await this.compact();
    if (this.#phase.name !== 'saving') return;
    this.#phase = phase;
    if (this.#isIdle) this.end(closeCodes.restart, 'the room is empty');
  }
}

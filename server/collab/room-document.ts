import * as Y from 'yjs';
import { checkUpdate, type Surroundings, type Verdict } from './check-update.ts';

/** User id under which the server's own client ids are bound ([O3]); no person has it. */
export const serverUserId = 'server';

const logOrigin = Symbol('log');

/** The result of applying committed updates. */
export type Applied =
  /** `update` is what the document did not have before, or null when it had everything. */
  | { readonly state: 'applied'; readonly update: Uint8Array | null }
  /** The update at `index` threw; the document is not to be used any more. */
  | { readonly state: 'broken'; readonly index: number; readonly cause: unknown };

/**
 * The document of an open room: what is committed, plus the clocks of edits that wait for their commit, plus who owns
 * which client id. Synchronous and without a network or a database.
 */
export class RoomDocument {
  readonly doc: Y.Doc;
  /** Client id → user id, as stored. */
  readonly #owners: Map<number, string>;
  /** Client ids seen in awareness that nobody has written under yet. */
  readonly #claims = new Map<number, string>();
  /** Next clocks including edits that are on their way into the log. */
  readonly #reserved = new Map<number, number>();

  constructor(doc: Y.Doc, owners: ReadonlyMap<number, string>) {
    this.doc = doc;
    this.#owners = new Map(owners);
  }

  check(update: Uint8Array, userId: string): Verdict {
    const surroundings: Surroundings = {
      clockOf: (client) => this.#reserved.get(client) ?? this.#clockOf(client),
      isDeleted: (client, clock, length) => this.#isDeleted(client, clock, length),
      mayWrite: (client) => (this.ownerOf(client) ?? userId) === userId,
    };
    return checkUpdate(update, surroundings);
  }

  ownerOf(client: number): string | undefined {
    return this.#owners.get(client) ?? this.#claims.get(client);
  }

  /** Whether the ownership of `client` is stored. */
  isBound(client: number): boolean {
    return this.#owners.has(client);
  }

  bind(client: number, userId: string): void {
    this.#owners.set(client, userId);
    this.#claims.delete(client);
  }

  /** First come, first served, until somebody writes; returns whether `userId` has it. */
  claim(client: number, userId: string): boolean {
    const owner = this.ownerOf(client);
    if (owner === undefined) this.#claims.set(client, userId);
    return (owner ?? userId) === userId;
  }

  /** Counts an accepted update as there, for the judgement of those that follow it. */
  reserve(ends: ReadonlyMap<number, number>): void {
    for (const [client, end] of ends) this.#reserved.set(client, end);
  }

  /**
   * Applies one committed update that `check` has found to be new. It holds nothing but what is new, so its own bytes can
   * go to the others, and Yjs need not encode the change a second time.
   */
  applyChecked(update: Uint8Array): Applied {
    try {
      Y.applyUpdate(this.doc, update, logOrigin);
    } catch (cause) {
      return { state: 'broken', index: 0, cause };
    }
    this.#settleReserved();
    return { state: 'applied', update };
  }

  /** Applies committed updates as one transaction, so that they leave as one message. */
  apply(updates: readonly Uint8Array[]): Applied {
    let produced: Uint8Array | null = null;
    const keep = (update: Uint8Array) => {
      produced = update;
    };
    this.doc.on('update', keep);
    let index = 0;
    try {
      this.doc.transact(() => {
        for (const update of updates) {
          Y.applyUpdate(this.doc, update, logOrigin);
          index += 1;
        }
      }, logOrigin);
    } catch (cause) {
      return { state: 'broken', index: Math.min(index, updates.length - 1), cause };
    } finally {
      this.doc.off('update', keep);
    }
    this.#settleReserved();
    return { state: 'applied', update: produced };
  }

  /** Whether Yjs holds something back because what comes before it is not here. */
  get hasGap(): boolean {
    return this.doc.store.pendingStructs !== null || this.doc.store.pendingDs !== null;
  }

  /**
   * The update that `edit` makes of the present state, under `clientId`, without changing this document. Null when it
   * changes nothing.
   */
  draft(clientId: number, edit: (doc: Y.Doc) => void): Uint8Array | null {
    const scratch = new Y.Doc();
    try {
      Y.applyUpdate(scratch, Y.encodeStateAsUpdate(this.doc));
      scratch.clientID = clientId;
      let drafted: Uint8Array | null = null;
      scratch.on('update', (update: Uint8Array) => {
        drafted = update;
      });
      scratch.transact(() => edit(scratch));
      return drafted;
    } finally {
      scratch.destroy();
    }
  }

  destroy(): void {
    this.doc.destroy();
  }

  #settleReserved(): void {
    for (const [client, end] of this.#reserved) {
      if (this.#clockOf(client) >= end) this.#reserved.delete(client);
    }
  }

  #clockOf(client: number): number {
    const last = this.doc.store.clients.get(client)?.at(-1);
    return last === undefined ? 0 : last.id.clock + last.length;
  }

  #isDeleted(client: number, clock: number, length: number): boolean {
    const structs = this.doc.store.clients.get(client);
    // Not there yet: it is waiting for its commit, and so is not deleted.
    if (structs === undefined || clock + length > this.#clockOf(client)) return false;
    for (let index = Y.findIndexSS(structs, clock); index < structs.length; index += 1) {
      const struct = structs[index];
      if (struct === undefined || struct.id.clock >= clock + length) return true;
      if (!struct.deleted) return false;
    }
    return true;
  }
}

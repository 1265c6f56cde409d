import { closeCodes } from '../../shared/protocol/close-codes.ts';
import type { ClockRange } from '../../shared/protocol/content-ranges.ts';
import { type ClientMessage, writePermissionDenied } from '../../shared/protocol/messages.ts';
import type { Connection } from './connection.ts';
import { mostNewClients } from './limits.ts';
import type { Edit } from './log-writer.ts';
import { maySay } from './message-policy.ts';
import type { RoomDocument } from './room-document.ts';

/** Who waits for an acknowledgement, and of what; `everything` is all that a sync step 2 held. */
export interface EditSender {
  readonly connection: Connection;
  readonly inserted: readonly ClockRange[];
  readonly deleted: readonly ClockRange[];
  readonly everything: boolean;
}

export type EditMessage = Extract<ClientMessage, { kind: 'update' | 'sync-step-2' }>;

/** What the intake asks of its room. */
export interface IntakeRoom {
  /** Null while the room is not open. */
  document(): RoomDocument | null;
  /** [E4] Reads the log once more. Never rejects. */
  heal(): Promise<void>;
  /** Asks the sender for all that the document lacks. */
  askForEdits(connection: Connection): void;
  /** Stores that `userId` writes under these client ids; resolves with who has each of them. */
  bindClients(clients: readonly number[], userId: string): Promise<ReadonlyMap<number, string>>;
  /** Sends an edit on its way into the log. */
  append(edit: Edit<EditSender>): void;
  /** The database could not be asked. */
  onFailed(cause: unknown): void;
}

/** From a message to an edit that may be stored: rules [E1] to [E4] and [M4]. */
export class EditIntake {
  readonly #room: IntakeRoom;

  constructor(room: IntakeRoom) {
    this.#room = room;
  }

  /** Takes one edit. A promise means: hold the sender's next messages back until it settles. */
  take(connection: Connection, message: EditMessage): Promise<void> | undefined {
    return this.#take(connection, message, { healed: false });
  }

  #take(
    connection: Connection,
    message: EditMessage,
    { healed }: { readonly healed: boolean },
  ): Promise<void> | undefined {
    const document = this.#room.document();
    if (document === null || !connection.isOpen) return undefined;
    // The role may have changed while the log was read or the client id bound.
    if (!maySay(connection.role, message.kind)) return refuse(connection);
    const verdict = document.check(message.update, connection.user.id);
    switch (verdict.kind) {
      case 'malformed':
        connection.close(closeCodes.badInput, verdict.reason);
        return undefined;
      case 'foreign':
      case 'missing':
        if (!healed && connection.mayRecheck())
          return this.#room.heal().then(() => this.#take(connection, message, { healed: true }));
        if (verdict.kind === 'foreign')
          connection.close(closeCodes.notAllowed, 'an edit under the client id of somebody else');
        else if (message.kind === 'update') this.#room.askForEdits(connection);
        else connection.close(closeCodes.internal, 'something before this edit is missing');
        return undefined;
      case 'known':
        this.#append(connection, message, { update: null, ranges: verdict.ranges });
        return undefined;
      case 'new': {
        const unbound = [...verdict.ends.keys()].filter((client) => !document.isBound(client));
        if (unbound.length > 0) return this.#bind(connection, message, unbound);
        document.reserve(verdict.ends);
        this.#append(connection, message, { update: verdict.update, ranges: verdict.ranges });
        return undefined;
      }
    }
  }

  async #bind(connection: Connection, message: EditMessage, clients: readonly number[]): Promise<void> {
    connection.newClients += clients.length;
    if (connection.newClients > mostNewClients) {
      connection.close(closeCodes.notAllowed, 'too many client ids');
      return;
    }
    try {
      const owners = await this.#room.bindClients(clients, connection.user.id);
      for (const [client, userId] of owners) this.#room.document()?.bind(client, userId);
    } catch (error) {
      this.#room.onFailed(error);
      return;
    }
    await this.take(connection, message);
  }

  #append(
    connection: Connection,
    message: EditMessage,
    edit: {
      readonly update: Uint8Array | null;
      readonly ranges: Pick<EditSender, 'inserted' | 'deleted'>;
    },
  ): void {
    const sender: EditSender = { connection, ...edit.ranges, everything: message.kind === 'sync-step-2' };
    this.#room.append({ update: edit.update, userId: connection.user.id, sender });
  }
}

/** [M4] Says no; the socket stays. */
export function refuse(connection: Connection): undefined {
  connection.send(writePermissionDenied('You can look at this canvas, but not change it.'));
}

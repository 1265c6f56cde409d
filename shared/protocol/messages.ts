import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { type Role, roleSchema } from '../contracts/generation.ts';
import { type ContentRanges, readContentRanges, writeContentRanges } from './content-ranges.ts';

/**
 * The messages of the collab socket; the byte grammar is in PROTOCOL.md beside this file. Types 0 to 3 are those of
 * y-websocket 3, so its stock client works; 16 and 17 are ours and a stock client ignores them.
 */
export const messageTypes = {
  sync: 0,
  awareness: 1,
  auth: 2,
  queryAwareness: 3,
  acknowledged: 16,
  access: 17,
} as const;

/** Sub-types of a sync message (y-protocols/sync). */
export const syncTypes = { step1: 0, step2: 1, update: 2 } as const;

/** What a client may say. */
export type ClientMessage =
  | { readonly kind: 'sync-step-1'; readonly stateVector: Uint8Array }
  | { readonly kind: 'sync-step-2'; readonly update: Uint8Array }
  | { readonly kind: 'update'; readonly update: Uint8Array }
  | { readonly kind: 'awareness'; readonly update: Uint8Array }
  | { readonly kind: 'query-awareness' };

/**
 * Reads one message from a client. Throws an Error for everything that is not exactly one message of a known type:
 * the caller closes the socket.
 */
export function readClientMessage(bytes: Uint8Array): ClientMessage {
  const decoder = decoding.createDecoder(bytes);
  const message = readBody(decoder);
  if (decoding.hasContent(decoder)) throw new Error('bytes after the message');
  return message;
}

function readBody(decoder: decoding.Decoder): ClientMessage {
  const type = decoding.readVarUint(decoder);
  switch (type) {
    case messageTypes.sync:
      return readSync(decoder);
    case messageTypes.awareness:
      return { kind: 'awareness', update: decoding.readVarUint8Array(decoder) };
    case messageTypes.queryAwareness:
      return { kind: 'query-awareness' };
    default:
      throw new Error(`message type ${type}`);
  }
}

function readSync(decoder: decoding.Decoder): ClientMessage {
  const type = decoding.readVarUint(decoder);
  const payload = decoding.readVarUint8Array(decoder);
  switch (type) {
    case syncTypes.step1:
      return { kind: 'sync-step-1', stateVector: payload };
    case syncTypes.step2:
      return { kind: 'sync-step-2', update: payload };
    case syncTypes.update:
      return { kind: 'update', update: payload };
    default:
      throw new Error(`sync message type ${type}`);
  }
}

export function writeSyncStep1(stateVector: Uint8Array): Uint8Array {
  return writeSync(syncTypes.step1, stateVector);
}

export function writeSyncStep2(update: Uint8Array): Uint8Array {
  return writeSync(syncTypes.step2, update);
}

export function writeUpdate(update: Uint8Array): Uint8Array {
  return writeSync(syncTypes.update, update);
}

function writeSync(type: number, payload: Uint8Array): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, messageTypes.sync);
    encoding.writeVarUint(encoder, type);
    encoding.writeVarUint8Array(encoder, payload);
  });
}

/** `update` as encodeAwarenessUpdate of y-protocols makes it. */
export function writeAwareness(update: Uint8Array): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, messageTypes.awareness);
    encoding.writeVarUint8Array(encoder, update);
  });
}

export function writeQueryAwareness(): Uint8Array {
  return encoding.encode((encoder) => encoding.writeVarUint(encoder, messageTypes.queryAwareness));
}

/** y-protocols/auth: an edit was refused; `reason` is for a person. */
export function writePermissionDenied(reason: string): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, messageTypes.auth);
    encoding.writeVarUint(encoder, 0);
    encoding.writeVarString(encoder, reason);
  });
}

/**
 * What the server has committed. `update`: these inserted and deleted ranges of your updates. `everything`: all that
 * your document held when you answered the server's last sync step 1 (a whole delete set is not worth echoing).
 */
export type Acknowledgement =
  | { readonly kind: 'update'; readonly ranges: ContentRanges }
  | { readonly kind: 'everything' };

const acknowledgementKinds = { update: 0, everything: 1 } as const;

export function writeAcknowledgement(acknowledgement: Acknowledgement): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, messageTypes.acknowledged);
    encoding.writeVarUint(encoder, acknowledgementKinds[acknowledgement.kind]);
    if (acknowledgement.kind === 'update') writeContentRanges(encoder, acknowledgement.ranges);
  });
}

/** Reads an acknowledgement whose message type has been read already, as y-websocket's handlers get it. */
export function readAcknowledgement(decoder: decoding.Decoder): Acknowledgement {
  const kind = decoding.readVarUint(decoder);
  switch (kind) {
    case acknowledgementKinds.update:
      return { kind: 'update', ranges: readContentRanges(decoder) };
    case acknowledgementKinds.everything:
      return { kind: 'everything' };
    default:
      throw new Error(`acknowledgement kind ${kind}`);
  }
}

/** The role that this connection has from now on. Also sent with every ping, so a quiet socket still hears something. */
export function writeAccess(role: Role): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, messageTypes.access);
    encoding.writeVarString(encoder, role);
  });
}

/** Reads an access message whose type has been read already. */
export function readAccess(decoder: decoding.Decoder): Role {
  return roleSchema.parse(decoding.readVarString(decoder));
}

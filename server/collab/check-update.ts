import * as decoding from 'lib0/decoding';
import * as Y from 'yjs';
import { type ContentRanges, rangesOfDecoded } from '../../shared/protocol/content-ranges.ts';
import { longestUnbackedStruct, mostStructs } from './limits.ts';

type DecodedUpdate = ReturnType<typeof Y.decodeUpdate>;
type Struct = DecodedUpdate['structs'][number];

/** What an update is judged against. */
export interface Surroundings {
  /** First clock of `client` that is not there yet, counting edits that are waiting for their commit. */
  readonly clockOf: (client: number) => number;
  /** Whether everything in the range is deleted already, in the committed document. */
  readonly isDeleted: (client: number, clock: number, length: number) => boolean;
  /** Whether the sender may add content under `client`. */
  readonly mayWrite: (client: number) => boolean;
}

export type Verdict =
  /** Could never be applied, by anybody. */
  | { readonly kind: 'malformed'; readonly reason: string }
  /** Adds content under a client id of somebody else. */
  | { readonly kind: 'foreign'; readonly client: number }
  /** Something that it builds on is not there: Yjs would park it. */
  | { readonly kind: 'missing' }
  /** Everything in it is there already. */
  | { readonly kind: 'known'; readonly ranges: ContentRanges }
  /**
   * Fit to be stored, as `update`: without what is there already. `ends` maps each client that it writes under to its
   * next clock; `ranges` are those of all that was sent.
   */
  | {
      readonly kind: 'new';
      readonly update: Uint8Array;
      readonly ranges: ContentRanges;
      readonly ends: ReadonlyMap<number, number>;
    };

/**
 * Judges a Yjs update (v1) before it is stored: rules [E1], [E2], [E3] of SPEC.md. Changes nothing. Costs a few
 * microseconds for an ordinary edit; linear in its structs times the number of clients in it.
 */
export function checkUpdate(sentUpdate: Uint8Array, surroundings: Surroundings): Verdict {
  let sent: DecodedUpdate;
  let update: Uint8Array;
  let decoded: DecodedUpdate;
  try {
    sent = Y.decodeUpdate(sentUpdate);
    const shape = checkShape(sentUpdate, sent);
    if (shape !== null) return { kind: 'malformed', reason: shape };
    update = trim(sentUpdate, sent, surroundings);
    decoded = update === sentUpdate ? sent : Y.decodeUpdate(update);
  } catch (error) {
    return { kind: 'malformed', reason: error instanceof Error ? error.message : 'does not decode' };
  }

  const fresh = new Map<number, Struct[]>();
  for (const struct of decoded.structs) {
    const list = fresh.get(struct.id.client);
    if (list === undefined) fresh.set(struct.id.client, [struct]);
    else list.push(struct);
  }
  for (const client of fresh.keys()) {
    if (!surroundings.mayWrite(client)) return { kind: 'foreign', client };
  }

  const ends = new Map<number, number>();
  const clockOf = (client: number) => ends.get(client) ?? surroundings.clockOf(client);
  if (!integratesFully(fresh, ends, clockOf)) return { kind: 'missing' };

  let deletesSomething = false;
  for (const [client, items] of decoded.ds.clients) {
    for (const { clock, len } of items) {
      if (clock + len > clockOf(client)) return { kind: 'missing' };
      deletesSomething ||= !surroundings.isDeleted(client, clock, len);
    }
  }
  const ranges = rangesOfDecoded(sent);
  if (fresh.size === 0 && !deletesSomething) return { kind: 'known', ranges };
  return { kind: 'new', update, ranges, ends };
}

/**
 * The update without structs, and parts of structs, that are there already. Yjs would skip them, but looks at what they
 * refer to first, and trips when that is not what it has; so they never get that far.
 */
function trim(update: Uint8Array, { structs }: DecodedUpdate, { clockOf }: Surroundings): Uint8Array {
  const known = new Map<number, number>();
  let repeats = false;
  for (const { id } of structs) {
    const clock = clockOf(id.client);
    known.set(id.client, clock);
    repeats ||= id.clock < clock;
  }
  return repeats ? Y.diffUpdate(update, Y.encodeStateVector(known)) : update;
}

/** What is wrong with the update whatever the document holds, or null. */
function checkShape(update: Uint8Array, { structs, ds }: DecodedUpdate): string | null {
  if (structs.length > mostStructs) return `more than ${mostStructs} structs`;
  const clients = new Set<number>();
  for (const struct of structs) {
    clients.add(struct.id.client);
    const flaw = checkStruct(struct);
    if (flaw !== null) return flaw;
  }
  // Reading an update for real keeps only the last block of a client; decoding shows them all. One block each.
  if (decoding.readVarUint(decoding.createDecoder(update)) !== clients.size)
    return 'two blocks of one client';
  let deletions = 0;
  for (const [client, items] of ds.clients) {
    if (client > 0xffff_ffff) return 'client id over 32 bits';
    deletions += items.length;
    if (deletions > mostStructs) return `more than ${mostStructs} deletions`;
    for (const { clock, len } of items) {
      if (len <= 0 || !Number.isSafeInteger(clock + len)) return 'empty or endless deletion';
    }
  }
  return null;
}

function checkStruct(struct: Struct): string | null {
  const { client, clock } = struct.id;
  if (client > 0xffff_ffff) return 'client id over 32 bits';
  if (struct.length <= 0) return 'empty struct';
  if (!Number.isSafeInteger(clock + struct.length)) return 'clock out of range';
  if (!(struct instanceof Y.Item))
    return struct.length > longestUnbackedStruct ? 'struct longer than allowed' : null;
  if (struct.content instanceof Y.ContentDeleted && struct.length > longestUnbackedStruct)
    return 'struct longer than allowed';
  if (struct.content instanceof Y.ContentDoc) return 'a document inside the document';
  for (const id of dependenciesOf(struct)) {
    // Yjs takes references to the own client for granted, and throws halfway through when they are not there.
    if (id.client === client && id.clock >= clock) return 'reference to its own future';
  }
  return null;
}

function dependenciesOf(item: Y.Item): readonly Y.ID[] {
  const found: Y.ID[] = [];
  if (item.origin !== null) found.push(item.origin);
  if (item.rightOrigin !== null) found.push(item.rightOrigin);
  if (item.parent instanceof Y.ID) found.push(item.parent);
  return found;
}

/**
 * Plays Yjs's integration without doing it: takes structs client by client as long as all that they refer to is there.
 * Fills `ends`; false when something stays over.
 */
function integratesFully(
  fresh: ReadonlyMap<number, readonly Struct[]>,
  ends: Map<number, number>,
  clockOf: (client: number) => number,
): boolean {
  const positions = new Map<number, number>();
  let open = fresh.size;
  let moved = true;
  while (open > 0 && moved) {
    moved = false;
    for (const [client, structs] of fresh) {
      let at = positions.get(client) ?? 0;
      if (at === structs.length) continue;
      for (let next = structs[at]; next !== undefined && isReady(next, clockOf); next = structs[at]) {
        ends.set(client, next.id.clock + next.length);
        at += 1;
        moved = true;
      }
      positions.set(client, at);
      if (at === structs.length) open -= 1;
    }
  }
  return open === 0;
}

function isReady(struct: Struct, clockOf: (client: number) => number): boolean {
  if (struct instanceof Y.Skip || struct.id.clock > clockOf(struct.id.client)) return false;
  if (!(struct instanceof Y.Item)) return true;
  return refersOnlyTo(struct, clockOf);
}

function refersOnlyTo(item: Y.Item, clockOf: (client: number) => number): boolean {
  return dependenciesOf(item).every((id) => id.clock < clockOf(id.client));
}

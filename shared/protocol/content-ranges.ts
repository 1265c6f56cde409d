import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import * as Y from 'yjs';

/** `length` consecutive clocks of one Yjs client, from `clock` on. */
export interface ClockRange {
  readonly client: number;
  readonly clock: number;
  readonly length: number;
}

/** What an update adds and what it deletes. Two updates with the same ranges carry the same content. */
export interface ContentRanges {
  readonly inserted: readonly ClockRange[];
  readonly deleted: readonly ClockRange[];
}

/** The ranges of a Yjs update (v1). Throws for bytes that are none. */
export function rangesOfUpdate(update: Uint8Array): ContentRanges {
  return rangesOfDecoded(Y.decodeUpdate(update));
}

/** As rangesOfUpdate, for an update that is decoded already. Neighbouring structs become one range. */
export function rangesOfDecoded({ structs, ds }: ReturnType<typeof Y.decodeUpdate>): ContentRanges {
  const inserted: { client: number; clock: number; length: number }[] = [];
  for (const { id, length } of structs) {
    const last = inserted.at(-1);
    if (last !== undefined && last.client === id.client && last.clock + last.length === id.clock)
      last.length += length;
    else inserted.push({ client: id.client, clock: id.clock, length });
  }
  const deleted: ClockRange[] = [];
  for (const [client, items] of ds.clients) {
    for (const { clock, len } of items) deleted.push({ client, clock, length: len });
  }
  return { inserted, deleted };
}

export function writeContentRanges(encoder: encoding.Encoder, { inserted, deleted }: ContentRanges): void {
  for (const ranges of [inserted, deleted]) {
    encoding.writeVarUint(encoder, ranges.length);
    for (const { client, clock, length } of ranges) {
      encoding.writeVarUint(encoder, client);
      encoding.writeVarUint(encoder, clock);
      encoding.writeVarUint(encoder, length);
    }
  }
}

export function readContentRanges(decoder: decoding.Decoder): ContentRanges {
  return { inserted: readRanges(decoder), deleted: readRanges(decoder) };
}

function readRanges(decoder: decoding.Decoder): ClockRange[] {
  const count = decoding.readVarUint(decoder);
  const ranges: ClockRange[] = [];
  for (let index = 0; index < count; index += 1) {
    ranges.push({
      client: decoding.readVarUint(decoder),
      clock: decoding.readVarUint(decoder),
      length: decoding.readVarUint(decoder),
    });
  }
  return ranges;
}

/**
 * The protocol-buffer wire format, as far as ONNX files need it
 * (https://protobuf.dev/programming-guides/encoding/): enough to look into a graph before a loader opens it, and to write
 * the small graphs that probe a device.
 */

export interface WireField {
  readonly field: number;
  /** The value of a varint (as a double; 64-bit values lose low bits beyond 2^53), or the bytes of a length-delimited field. */
  readonly value: number | Uint8Array;
}

/** Thrown for bytes that are no protocol-buffer message. */
export class WireFormatError extends Error {
  override readonly name = 'WireFormatError';
}

/** Yields the fields of one message in file order. Throws WireFormatError when a length leads out of the message. */
export function* readFields(message: Uint8Array): Generator<WireField> {
  let offset = 0;
  while (offset < message.length) {
    const tag = readVarint(message, offset);
    const field = Math.floor(tag.value / 8);
    if (field === 0) {
      throw new WireFormatError(`field number 0 at byte ${offset}`);
    }
    const start = tag.end;
    switch (tag.value % 8) {
      case 0: {
        const varint = readVarint(message, start);
        yield { field, value: varint.value };
        offset = varint.end;
        break;
      }
      case 1:
        offset = checkEnd(message, start + 8);
        yield { field, value: message.subarray(start, offset) };
        break;
      case 2: {
        const length = readVarint(message, start);
        offset = checkEnd(message, length.end + length.value);
        yield { field, value: message.subarray(length.end, offset) };
        break;
      }
      case 5:
        offset = checkEnd(message, start + 4);
        yield { field, value: message.subarray(start, offset) };
        break;
      default:
        throw new WireFormatError(`unknown wire type ${tag.value % 8} at byte ${offset}`);
    }
  }
}

/** Returns one encoded field: a varint for a number, a length-delimited value for text and bytes. */
export function encodeField(field: number, value: number | string | Uint8Array): Uint8Array {
  if (typeof value === 'number') {
    return concatBytes([encodeVarint(field * 8), encodeVarint(value)]);
  }
  const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value;
  return concatBytes([encodeVarint(field * 8 + 2), encodeVarint(bytes.length), bytes]);
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}

function readVarint(bytes: Uint8Array, start: number): { readonly value: number; readonly end: number } {
  let value = 0;
  let scale = 1;
  for (let i = start; i < start + 10; i += 1) {
    if (i >= bytes.length) {
      break;
    }
    const byte = bytes[i];
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) {
      return { value, end: i + 1 };
    }
    scale *= 128;
  }
  throw new WireFormatError(`a number at byte ${start} does not end`);
}

function encodeVarint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

function checkEnd(message: Uint8Array, end: number): number {
  if (end > message.length) {
    throw new WireFormatError(`a field claims bytes up to ${end} in a message of ${message.length}`);
  }
  return end;
}

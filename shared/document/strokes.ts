import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { type Stroke, strokeSchema } from './schema.ts';

/** First byte of a stored stroke: the version of what follows. */
const version = 1;

/**
 * A stroke as it is stored: one binary value, so that Yjs keeps it as it is. (Bytes inside a plain object would be
 * frozen by Yjs where NODE_ENV is `development`, which no typed array allows.)
 *
 * Layout: version, then as lib0 writes them: id, tool, size, opacity, hardness, by, points.
 */
export function encodeStroke(stroke: Stroke): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeUint8(encoder, version);
    encoding.writeVarString(encoder, stroke.id);
    encoding.writeVarString(encoder, stroke.tool);
    encoding.writeFloat64(encoder, stroke.size);
    encoding.writeFloat64(encoder, stroke.opacity);
    encoding.writeFloat64(encoder, stroke.hardness);
    encoding.writeVarString(encoder, stroke.by);
    encoding.writeVarUint8Array(encoder, stroke.points);
  });
}

/** The stroke in a stored value; undefined for what is none. Anybody who may edit may write any bytes. */
export function decodeStroke(value: unknown): Stroke | undefined {
  if (!(value instanceof Uint8Array)) return undefined;
  const known = decoded.get(value);
  if (known !== undefined) return known;
  try {
    const decoder = decoding.createDecoder(value);
    if (decoding.readUint8(decoder) !== version) return undefined;
    const stroke = strokeSchema.safeParse({
      id: decoding.readVarString(decoder),
      tool: decoding.readVarString(decoder),
      size: decoding.readFloat64(decoder),
      opacity: decoding.readFloat64(decoder),
      hardness: decoding.readFloat64(decoder),
      by: decoding.readVarString(decoder),
      points: decoding.readVarUint8Array(decoder).slice(),
    });
    if (!stroke.success) return undefined;
    decoded.set(value, stroke.data);
    return stroke.data;
  } catch {
    return undefined;
  }
}

/** Stored bytes never change, so a stroke is read once; it stays the same object as long as its bytes do. */
const decoded = new WeakMap<Uint8Array, Stroke>();

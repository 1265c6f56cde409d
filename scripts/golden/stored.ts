import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** A number as JSON holds it: non-finite ones are spelled out. */
export type StoredNumber = number | 'NaN' | 'Infinity' | '-Infinity';

export type Dtype = 'f32' | 'f64' | 'i64' | 'u8';

/** An array of the suite: inline, in a raw file beside the JSON, or given by hash and probes only. */
export interface Stored {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly values?: readonly StoredNumber[];
  readonly file?: string;
  readonly sha256?: string;
}

/** Reads a JSON file of the suite, or null where the folder lacks it. */
export function readJson<T>(dir: string, name: string): T | null {
  const file = path.join(dir, name);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null;
}

export function toNumber(value: StoredNumber): number {
  return typeof value === 'number' ? value : Number(value);
}

/** A stored floating-point array as doubles; float32 values are rounded to float32. */
export function numbers(stored: Stored, dir = ''): Float64Array {
  if (stored.values) {
    const values = stored.values.map(toNumber);
    return Float64Array.from(values, stored.dtype === 'f32' ? Math.fround : (value) => value);
  }
  const bytes = rawBytes(stored, dir);
  switch (stored.dtype) {
    case 'f32':
      return Float64Array.from(new Float32Array(bytes.buffer));
    case 'f64':
      return new Float64Array(bytes.buffer);
    case 'i64':
      return Float64Array.from(new BigInt64Array(bytes.buffer), Number);
    case 'u8':
      return Float64Array.from(bytes);
  }
}

/** A stored integer array. */
export function integers(stored: Stored, dir = ''): BigInt64Array {
  if (stored.values) return BigInt64Array.from(stored.values, (value) => BigInt(value));
  return new BigInt64Array(rawBytes(stored, dir).buffer);
}

/**
 * The bytes of a raw file, in memory of their own.
 * @throws Error when the file does not have the hash its JSON states.
 */
export function rawBytes(stored: Stored, dir: string): Uint8Array<ArrayBuffer> {
  if (!stored.file) throw new Error('the suite stores neither values nor a file here');
  const bytes = Uint8Array.from(readFileSync(path.join(dir, stored.file)));
  if (stored.sha256 && sha256(bytes) !== stored.sha256) {
    throw new Error(`${stored.file} is not the file the suite was made with (sha256 differs)`);
  }
  return bytes;
}

export function sha256(array: ArrayBufferView): string {
  return createHash('sha256')
    .update(new Uint8Array(array.buffer, array.byteOffset, array.byteLength))
    .digest('hex');
}

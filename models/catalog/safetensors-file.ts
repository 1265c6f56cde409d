import { lstat, open } from 'node:fs/promises';
import { halfToFloat } from '../runtime/half.ts';
import { PackError } from './pack-error.ts';

/** Bytes of one element, of the types whose values can be read here and of the others the format knows. */
const READABLE = { F64: 8, F32: 4, F16: 2, BF16: 2 } as const;
const OTHER_TYPES: Readonly<Record<string, number>> = {
  I64: 8,
  U64: 8,
  I32: 4,
  U32: 4,
  I16: 2,
  U16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
};

/** Real adapters have a few thousand tensors and less than 1 MiB of header; the format itself allows 100 MB. */
const MAX_HEADER_BYTES = 16 * 1024 * 1024;
const MAX_DIMENSIONS = 8;

export interface TensorEntry {
  readonly name: string;
  /** Type name as the header states it. */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Bytes of the file that hold its values. */
  readonly begin: number;
  readonly end: number;
}

export interface TensorIndex {
  readonly path: string;
  readonly bytes: number;
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly metadata: ReadonlyMap<string, string>;
}

/**
 * Reads the header of a safetensors file (https://github.com/huggingface/safetensors#format) that nobody vouches for: 64
 * bits of header length, a JSON header, then the values without gaps.
 *
 * Throws PackError `not-found`, or `unsafe` when it is a link, claims more than the file holds, or its tensors overlap,
 * leave gaps or do not fit their shapes. Nothing is allocated by what the file claims before the claim was compared with
 * the file's size.
 */
export async function readTensorIndex(path: string): Promise<TensorIndex> {
  const info = await lstat(path).catch(() => null);
  if (info === null) throw new PackError('not-found', `There is no file ${path}.`);
  if (!info.isFile()) throw new PackError('unsafe', `${path} is not a regular file.`);
  const handle = await open(path, 'r');
  try {
    const head = new Uint8Array(8);
    await handle.read(head, 0, 8, 0);
    const length = new DataView(head.buffer).getBigUint64(0, true);
    if (
      info.size < 10 ||
      length < 2n ||
      length > BigInt(MAX_HEADER_BYTES) ||
      length > BigInt(info.size - 8)
    ) {
      throw new PackError('unsafe', `${path} claims a header of ${length} bytes in a file of ${info.size}.`);
    }
    const header = new Uint8Array(Number(length));
    await handle.read(header, 0, header.length, 8);
    const start = 8 + header.length;
    return { path, bytes: info.size, ...readHeader(header, { path, start, end: info.size }) };
  } finally {
    await handle.close();
  }
}

interface DataRange {
  readonly path: string;
  readonly start: number;
  readonly end: number;
}

function readHeader(header: Uint8Array, range: DataRange): Pick<TensorIndex, 'tensors' | 'metadata'> {
  const { path } = range;
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(header));
  } catch (error) {
    throw new PackError('unsafe', `The header of ${path} is not JSON.`, { cause: error });
  }
  if (!isObject(value)) throw new PackError('unsafe', `The header of ${path} is not an object.`);
  const tensors = new Map<string, TensorEntry>();
  const metadata = new Map<string, string>();
  for (const [name, entry] of Object.entries(value)) {
    if (name === '__metadata__') {
      for (const [key, text] of Object.entries(isObject(entry) ? entry : {})) {
        if (typeof text === 'string') metadata.set(key, text);
      }
    } else tensors.set(name, readEntry(name, entry, range));
  }
  checkCoverage([...tensors.values()], range);
  return { tensors, metadata };
}

function readEntry(name: string, entry: unknown, { path, start, end }: DataRange): TensorEntry {
  const refuse = (why: string) => new PackError('unsafe', `${path}: tensor ${JSON.stringify(name)} ${why}.`);
  if (!isObject(entry)) throw refuse('is not described by an object');
  const { dtype, shape, data_offsets: offsets } = entry;
  const width = typeof dtype === 'string' ? widthOf(dtype) : undefined;
  if (typeof dtype !== 'string' || width === undefined) {
    throw refuse(`has type ${JSON.stringify(dtype)}, which the format does not know`);
  }
  if (!isCounts(shape) || shape.length > MAX_DIMENSIONS) throw refuse('has no valid shape');
  if (!isCounts(offsets) || offsets.length !== 2) throw refuse('has no valid offsets');
  const [from, to] = offsets;
  const elements = shape.reduce((total, size) => total * size, 1);
  if (!Number.isSafeInteger(elements) || to - from !== elements * width) {
    throw refuse(`claims ${to - from} bytes for shape [${shape.join(', ')}] of ${dtype}`);
  }
  if (start + to > end) throw refuse(`ends at byte ${start + to} of a file of ${end}`);
  return { name, dtype, shape, begin: start + from, end: start + to };
}

function widthOf(dtype: string): number | undefined {
  return isReadable(dtype)
    ? READABLE[dtype]
    : Object.hasOwn(OTHER_TYPES, dtype)
      ? OTHER_TYPES[dtype]
      : undefined;
}

function checkCoverage(tensors: readonly TensorEntry[], { path, start, end }: DataRange): void {
  let at = start;
  for (const tensor of tensors.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (tensor.begin !== at) {
      const what = tensor.begin < at ? 'overlaps the tensor before it' : 'leaves a gap before it';
      throw new PackError('unsafe', `${path}: tensor ${JSON.stringify(tensor.name)} ${what}.`);
    }
    at = tensor.end;
  }
  if (at !== end) throw new PackError('unsafe', `${path} holds ${end - at} bytes that belong to no tensor.`);
}

/**
 * Reads tensors as float32 values, in the order asked for.
 * Throws PackError `unsupported` for a type that is not a float of 16 to 64 bits.
 */
export async function readTensors(
  path: string,
  entries: readonly TensorEntry[],
): Promise<readonly Float32Array[]> {
  const handle = await open(path, 'r');
  try {
    const out: Float32Array[] = [];
    for (const { name, dtype, begin, end } of entries) {
      if (!isReadable(dtype)) {
        throw new PackError(
          'unsupported',
          `${path}: tensor ${name} has type ${dtype}, not a float of 16 to 64 bits.`,
        );
      }
      const bytes = new Uint8Array(end - begin);
      await handle.read(bytes, 0, bytes.length, begin);
      out.push(decode(bytes, dtype));
    }
    return out;
  } finally {
    await handle.close();
  }
}

function decode(bytes: Uint8Array, dtype: keyof typeof READABLE): Float32Array {
  const view = new DataView(bytes.buffer);
  const width = READABLE[dtype];
  return Float32Array.from({ length: bytes.length / width }, (_, i) => {
    switch (dtype) {
      case 'F64':
        return view.getFloat64(i * width, true);
      case 'F32':
        return view.getFloat32(i * width, true);
      case 'F16':
        return halfToFloat(view.getUint16(i * width, true));
      case 'BF16':
        return bfloatToFloat(view.getUint16(i * width, true));
    }
  });
}

const SCRATCH = new DataView(new ArrayBuffer(4));

/** The upper half of a float32's bits. */
function bfloatToFloat(bits: number): number {
  SCRATCH.setUint32(0, bits * 65_536);
  return SCRATCH.getFloat32(0);
}

function isReadable(dtype: string): dtype is keyof typeof READABLE {
  return Object.hasOwn(READABLE, dtype);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}

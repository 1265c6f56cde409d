import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readTensorIndex } from '../../catalog/safetensors-file.ts';
import { halfToFloat } from '../../runtime/half.ts';
import { type GraphWeight, readGraphWeights } from '../graph-weights.ts';
import { readLayers } from '../layers.ts';
import { matchLayers } from '../match.ts';
import { mergeLoras, readWhole } from '../merge.ts';

/** Small networks exported by torch, with the names of their modules (models/fixtures/lora). */
const graphs = join(import.meta.dirname, '../../fixtures/lora');

export interface TestTensor {
  readonly shape: readonly number[];
  /** Row by row. */
  readonly values: readonly number[];
}

/** A tensor of some values between −0.4 and 0.4, which differ from seed to seed and are exact in float32. */
export function someTensor(seed: number, ...shape: readonly number[]): TensorData {
  const count = shape.reduce((total, size) => total * size, 1);
  const values = Array.from({ length: count }, (_, i) => Math.fround(0.4 * Math.sin(seed * 37 + i * 1.7)));
  return tensor(shape, values);
}

export interface TensorData extends TestTensor {
  /** The value at an index into each dimension. */
  at(...index: readonly number[]): number;
}

export function tensor(shape: readonly number[], values: readonly number[]): TensorData {
  return {
    shape,
    values,
    at: (...index) => values[index.reduce((place, i, k) => place * shape[k] + i, 0)],
  };
}

export type Adapter = Readonly<Record<string, TestTensor>>;

/** Writes a safetensors file of float32 values. */
export function writeAdapter(path: string, tensors: Adapter, metadata?: Readonly<Record<string, string>>) {
  let offset = 0;
  const header: Record<string, unknown> = metadata ? { __metadata__: metadata } : {};
  for (const [name, { shape, values }] of Object.entries(tensors)) {
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + values.length * 4] };
    offset += values.length * 4;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const file = Buffer.alloc(8 + json.length + offset);
  file.writeBigUInt64LE(BigInt(json.length));
  file.set(json, 8);
  const data = Float32Array.from(Object.values(tensors).flatMap(({ values }) => values));
  file.set(new Uint8Array(data.buffer), 8 + json.length);
  writeFileSync(path, file);
}

/** A parameter of a network as [outputs][inputs · kernel], whichever way the graph has it. */
export type Matrix = readonly (readonly number[])[];

export interface Merged {
  readonly before: ReadonlyMap<string, Matrix>;
  readonly after: ReadonlyMap<string, Matrix>;
  readonly unmatched: readonly string[];
  readonly unread: readonly string[];
}

/** Merges files into one of the small networks. Parameters are named `module.weight` or `module.bias`. */
export async function merge(
  graph: 'script' | 'dynamo' | 'half' | 'flux',
  files: readonly (readonly [path: string, strength: number])[],
): Promise<Merged> {
  const path = join(graphs, `${graph}.onnx`);
  const bytes = await readWhole(path);
  const weights = readGraphWeights(bytes);
  const unmatched: string[] = [];
  const unread: string[] = [];
  const parts = [];
  for (const [file, strength] of files) {
    const read = readLayers(await readTensorIndex(file));
    const found = matchLayers(weights, read.layers);
    unread.push(...read.unread);
    unmatched.push(...found.unmatched.map((layer) => `${layer.module}.${layer.parameter}`));
    parts.push({ file, strength, matches: found.matches });
  }
  const merged = await mergeLoras(path, weights.locations, parts);
  return {
    before: parametersOf(weights.weights, bytes),
    after: parametersOf(weights.weights, merged.bytes),
    unmatched,
    unread,
  };
}

function parametersOf(weights: readonly GraphWeight[], bytes: Uint8Array): ReadonlyMap<string, Matrix> {
  return new Map(weights.map((weight) => [`${weight.module}.${weight.parameter}`, matrixOf(weight, bytes)]));
}

function matrixOf({ dims, order, type, store }: GraphWeight, bytes: Uint8Array): Matrix {
  const own = bytes.slice(store.offset, store.offset + store.length);
  const values =
    type === 'float32'
      ? [...new Float32Array(own.buffer)]
      : [...new Uint16Array(own.buffer)].map((bits) => halfToFloat(bits));
  const [first = 1] = dims;
  const width = values.length / first;
  const rows = Array.from({ length: first }, (_, i) => values.slice(i * width, (i + 1) * width));
  return order === 'out-in' ? rows : Array.from({ length: width }, (_, j) => rows.map((row) => row[j]));
}

/** The largest difference of a merged parameter from before + strength · change(output, column). */
export function errorOf(
  { before, after }: Merged,
  name: string,
  change: (output: number, column: number) => number,
): number {
  const [from, to] = [before.get(name), after.get(name)];
  if (!from || !to) throw new Error(`There is no parameter ${name}.`);
  return Math.max(
    ...from.flatMap((row, i) => row.map((value, j) => Math.abs(to[i][j] - (value + change(i, j))))),
  );
}

/** Names of the parameters that changed. */
export function changedOf({ before, after }: Merged): readonly string[] {
  return [...before].flatMap(([name, from]) => {
    const to = after.get(name);
    return to?.every((row, i) => row.every((value, j) => value === from[i][j])) ? [] : [name];
  });
}

/** The sum of f(0) … f(count − 1). */
export function sum(count: number, f: (i: number) => number): number {
  return Array.from({ length: count }, (_, i) => f(i)).reduce((total, value) => total + value, 0);
}

import { open, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PackError } from '../catalog/pack-error.ts';
import { readTensors, type TensorEntry } from '../catalog/safetensors-file.ts';
import { floatToHalf, halfToFloat } from '../runtime/half.ts';
import type { PatchedGraph } from '../runtime/session.ts';
import { fromFluxName } from './flux-names.ts';
import type { GraphWeight, GraphWeights } from './graph-weights.ts';
import type { LoraLayer } from './layers.ts';
import { fromLdmName } from './ldm-names.ts';

/** A layer with a weight of the graph that it changes. */
export interface LoraMatch {
  readonly layer: LoraLayer;
  readonly weight: GraphWeight;
  /** The rows of `up` that are this weight's: all, unless the layer stands for several fused ones. */
  readonly rows: Rows;
}

interface Rows {
  readonly from: number;
  readonly count: number;
}

export interface LoraMatches {
  readonly matches: readonly LoraMatch[];
  /** Layers for which the graph has no weight of their name and shape. */
  readonly unmatched: readonly LoraLayer[];
}

/** Finds the weight of each layer by the module's path, and checks that the shapes fit. */
export function matchLayers({ weights }: GraphWeights, layers: readonly LoraLayer[]): LoraMatches {
  const exact = new Map(weights.map((weight) => [weight.module, weight]));
  const prefixes = sharedPrefixes(weights);
  const matches: LoraMatch[] = [];
  const unmatched: LoraLayer[] = [];
  const find = (name: string) =>
    prefixes.map((prefix) => exact.get(prefix + name)).find((weight) => weight !== undefined);
  for (const layer of layers) {
    const own = matchWhole(layer, find) ?? matchFused(layer, find);
    if (own) matches.push(...own);
    else unmatched.push(layer);
  }
  return { matches, unmatched };
}

type Find = (name: string) => GraphWeight | undefined;

function matchWhole(layer: LoraLayer, find: Find): readonly LoraMatch[] | null {
  const weight = namesOf(layer)
    .map(find)
    .find((found) => found !== undefined);
  const rows = { from: 0, count: layer.up.shape[0] ?? 0 };
  return weight && fits(layer, rows, weight) ? [{ layer, weight, rows }] : null;
}

/** A layer of Flux's own code, whose outputs belong to several weights; null unless every one of them is there and fits. */
function matchFused(layer: LoraLayer, find: Find): readonly LoraMatch[] | null {
  const parts = layer.target === 'denoiser' ? fromFluxName(layer.module) : null;
  if (!parts) return null;
  const out = layer.up.shape[0] ?? 0;
  const shares = parts.reduce((total, { share }) => total + share, 0);
  const matches: LoraMatch[] = [];
  let from = 0;
  for (const { module: name, share } of parts) {
    const weight = find(name);
    const rows = { from, count: (out * share) / shares };
    if (!weight || !fits(layer, rows, weight)) return null;
    matches.push({ layer, weight, rows });
    from += rows.count;
  }
  return matches;
}

function namesOf({ module, target }: LoraLayer): readonly string[] {
  if (target === 'denoiser') return [module, fromLdmName(module) ?? module];
  // Newer encoders lost their outer module.
  return [module, module.replace(/^text_model_/, '')];
}

/** Exporters may wrap the network in modules of their own, with which every path then begins: nothing, or one of these. */
function sharedPrefixes(weights: readonly GraphWeight[]): readonly string[] {
  const [first = '', ...others] = weights.map(({ module: path }) => path.split('_'));
  const shared: string[] = [];
  for (const [i, word] of [...first].entries()) {
    if (others.length === 0 || !others.every((words) => words[i] === word)) break;
    shared.push(word);
  }
  return ['', ...shared.map((_, i) => `${shared.slice(0, i + 1).join('_')}_`)];
}

/** Columns of `down`, and what a middle adds to them. */
function sizesOf({ down, mid }: LoraLayer): { readonly rank: number; readonly columns: number } {
  const rest = (shape: readonly number[]) => shape.slice(1).reduce((total, size) => total * size, 1);
  const kernel = mid ? mid.shape.slice(2).reduce((total, size) => total * size, 1) : 1;
  return { rank: down.shape[0] ?? 0, columns: rest(down.shape) * kernel };
}

function fits(layer: LoraLayer, { count: out }: Rows, { dims, order }: GraphWeight): boolean {
  const { rank, columns } = sizesOf(layer);
  const [first = 0] = dims;
  const others = dims.slice(1).reduce((total, size) => total * size, 1);
  const rankFits =
    rank > 0 &&
    elements(layer.up) === (layer.up.shape[0] ?? 0) * rank &&
    (layer.mid === null || (layer.mid.shape[0] === rank && layer.mid.shape[1] === rank));
  return (
    rankFits &&
    (order === 'out-in' ? first === out && others === columns : first === columns && others === out)
  );
}

function elements({ shape }: TensorEntry): number {
  return shape.reduce((total, size) => total * size, 1);
}

/** One LoRA at one strength, with what of a graph it changes. */
export interface LoraPart {
  readonly file: string;
  readonly strength: number;
  readonly matches: readonly LoraMatch[];
}

/**
 * Reads a graph with its weights and adds the LoRAs to them: W + strength · alpha/rank · up · down, summed in double
 * precision and rounded once a LoRA. All of the graph's weights are in memory while it is opened.
 *
 * Only give it files that `models/catalog` has verified.
 */
export async function mergeLoras(
  path: string,
  locations: readonly string[],
  parts: readonly LoraPart[],
): Promise<PatchedGraph> {
  const bytes = await readWhole(path);
  const externalData: { readonly path: string; readonly data: Uint8Array }[] = [];
  for (const location of locations) {
    externalData.push({ path: location, data: await readWhole(join(dirname(path), location)) });
  }
  const regionOf = ({ store, initializer }: GraphWeight): Uint8Array => {
    const file =
      store.kind === 'inline' ? bytes : externalData.find(({ path: name }) => name === store.location)?.data;
    if (!file || store.offset + store.length > file.length) {
      throw new PackError('damaged', `${path}: the weights of ${initializer} lie outside of their file.`);
    }
    return file.subarray(store.offset, store.offset + store.length);
  };
  for (const { file, strength, matches } of parts) {
    for (const { layer, weight, rows } of matches) {
      addLayer(regionOf(weight), weight, await readChange(file, layer, rows), strength);
    }
  }
  return { bytes, externalData };
}

/** down · up of one layer with its own scale: [out, columns]. */
interface Change {
  readonly scale: number;
  readonly rank: number;
  readonly out: number;
  readonly columns: number;
  readonly down: Float32Array;
  readonly up: Float32Array;
}

async function readChange(file: string, layer: LoraLayer, { from, count: out }: Rows): Promise<Change> {
  const { rank, columns } = sizesOf(layer);
  const stored = typeof layer.alpha === 'number' || layer.alpha === null ? [] : [layer.alpha];
  const middle = layer.mid ? [layer.mid] : [];
  const [down, up, ...rest] = await readTensors(file, [layer.down, layer.up, ...stored, ...middle]);
  const alpha = stored.length > 0 ? rest[0][0] : (layer.alpha ?? rank);
  const scale = Number(alpha) / rank;
  const mid = rest.at(-1);
  return {
    scale,
    rank,
    out,
    columns,
    down: layer.mid && mid ? throughMiddle(down, mid, rank) : down,
    up: up.subarray(from * rank, (from + out) * rank),
  };
}

/** mid[n, m, k] · down[m, j], which takes the place of down: [n, j, k]. */
function throughMiddle(down: Float32Array, mid: Float32Array, rank: number): Float32Array {
  const inputs = down.length / rank;
  const kernel = mid.length / rank ** 2;
  const out = new Float32Array(rank * inputs * kernel);
  for (let n = 0; n < rank; n++) {
    for (let j = 0; j < inputs; j++) {
      for (let k = 0; k < kernel; k++) {
        let sum = 0;
        for (let m = 0; m < rank; m++) sum += mid[(n * rank + m) * kernel + k] * down[m * inputs + j];
        out[(n * inputs + j) * kernel + k] = sum;
      }
    }
  }
  return out;
}

/**
 * Adds up · down to a weight as it lies in memory: a row of the weight is an output, or with `in-out` an input, and then both
 * factors are turned round.
 */
function addLayer(region: Uint8Array, weight: GraphWeight, change: Change, strength: number): void {
  const { rank, out, columns, down, up } = change;
  const isTurned = weight.order === 'in-out';
  const rows = isTurned ? columns : out;
  const width = isTurned ? out : columns;
  const left = isTurned ? transpose(down, rank, columns) : up;
  const right = isTurned ? transpose(up, out, rank) : down;
  const scale = strength * change.scale;
  const values = weight.type === 'float16' ? null : aligned(region, Float32Array);
  const halves = weight.type === 'float16' ? aligned(region, Uint16Array) : null;
  const row = new Float64Array(width);
  for (let i = 0; i < rows; i++) {
    multiplyRow(row, { scale, rank, left, right, at: i * rank });
    const at = i * width;
    if (values) for (let j = 0; j < width; j++) values[at + j] += row[j];
    else if (halves) {
      for (let j = 0; j < width; j++) halves[at + j] = floatToHalf(halfToFloat(halves[at + j]) + row[j]);
    }
  }
  const changed = values ?? halves;
  if (changed && changed.buffer !== region.buffer) region.set(new Uint8Array(changed.buffer));
}

interface RowParts {
  readonly scale: number;
  readonly rank: number;
  readonly left: Float32Array;
  readonly right: Float32Array;
  /** Where the row of `left` begins. */
  readonly at: number;
}

/** row = scale · left[row] · right, four ranks at a time: the row is read and written a quarter as often. */
function multiplyRow(row: Float64Array, { scale, rank, left, right, at }: RowParts): void {
  const width = row.length;
  row.fill(0);
  for (let r = 0; r < rank; r += 4) {
    const a = scale * left[at + r];
    const b = r + 1 < rank ? scale * left[at + r + 1] : 0;
    const c = r + 2 < rank ? scale * left[at + r + 2] : 0;
    const d = r + 3 < rank ? scale * left[at + r + 3] : 0;
    const first = r * width;
    const second = r + 1 < rank ? first + width : first;
    const third = r + 2 < rank ? second + width : first;
    const fourth = r + 3 < rank ? third + width : first;
    for (let j = 0; j < width; j++) {
      row[j] += a * right[first + j] + b * right[second + j] + c * right[third + j] + d * right[fourth + j];
    }
  }
}

function transpose(matrix: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(matrix.length);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) out[j * rows + i] = matrix[i * columns + j];
  }
  return out;
}

/** The bytes as numbers: in place, or a copy where the file did not align them. */
function aligned<T extends Float32Array | Uint16Array>(
  bytes: Uint8Array,
  type: { new (buffer: ArrayBufferLike, offset: number, length: number): T; BYTES_PER_ELEMENT: number },
): T {
  const width = type.BYTES_PER_ELEMENT;
  const from = bytes.byteOffset % width === 0 ? bytes : bytes.slice();
  return new type(from.buffer, from.byteOffset, from.length / width);
}

/** Larger than one read call takes. */
const CHUNK_BYTES = 256 * 1024 * 1024;

/** Reads a file of any size. */
export async function readWhole(path: string): Promise<Uint8Array> {
  const { size } = await stat(path);
  const bytes = new Uint8Array(size);
  const handle = await open(path, 'r');
  try {
    let at = 0;
    while (at < size) {
      const { bytesRead } = await handle.read(bytes, at, Math.min(CHUNK_BYTES, size - at), at);
      if (bytesRead === 0) throw new PackError('damaged', `${path} became shorter while it was read.`);
      at += bytesRead;
    }
    return bytes;
  } finally {
    await handle.close();
  }
}

import { PackError } from '../catalog/pack-error.ts';
import type { TensorEntry } from '../catalog/safetensors-file.ts';

/** The part of a change that belongs to one weight, and how that weight lies in memory. */
export interface Cut {
  /** First output: 0, unless the change stands for several fused weights. */
  readonly from: number;
  /** Number of outputs. */
  readonly count: number;
  /** A row is an output with all its inputs, or an input with all its outputs. */
  readonly order: 'out-in' | 'in-out';
}

/** Writes row i of a matrix into an array of the row's length. */
export type WriteRow = (row: Float64Array, i: number) => void;

/** What a file adds to one weight, before alpha/rank and strength. Its shapes fit each other. */
export interface Change {
  readonly out: number;
  /** Inputs times the size of the kernel. */
  readonly columns: number;
  /** What alpha is divided by; null for a change without a rank, where alpha says nothing. */
  readonly rank: number | null;
  readonly tensors: readonly TensorEntry[];
  /** Takes the values of `tensors` in their order. */
  open(values: readonly Float32Array[], cut: Cut): WriteRow;
}

/** Tensors of one module by what they are: `up`, `hada_w1_a` … */
export type Parts = ReadonlyMap<string, TensorEntry>;

/** Sides of a tensor taken as a matrix: its first dimension, and all others together. */
export interface Sides {
  readonly rows: number;
  readonly columns: number;
}

/** Throws PackError naming the tensor when it is no matrix or is empty. */
export function sidesOf(entry: TensorEntry): Sides {
  const [rows = 0, ...rest] = entry.shape;
  const columns = rest.reduce((total, size) => total * size, 1);
  if (rest.length === 0 || rows * columns === 0) throw misshapen(entry, 'a factor is a matrix with values');
  return { rows, columns };
}

/** Throws PackError naming the tensor unless it has the rank that another one states. */
export function requireRank(entry: TensorEntry, found: number, by: TensorEntry, rank: number): void {
  if (found !== rank) throw misshapen(entry, `its rank of ${found} is not the ${rank} of ${nameOf(by)}`);
}

/** Sides of a middle that joins two factors of one rank: [rank, rank, kernel …]. */
export function requireCore(entry: TensorEntry, by: TensorEntry, rank: number): { readonly kernel: number } {
  const [first, second, ...kernel] = entry.shape;
  if (first !== rank || second !== rank) {
    throw misshapen(entry, `it does not begin with the rank of ${nameOf(by)} twice, which is ${rank}`);
  }
  return { kernel: kernel.reduce((total, size) => total * size, 1) };
}

/** The error for a tensor whose shape cannot be meant. */
export function misshapen(entry: TensorEntry, why: string): PackError {
  return new PackError('unsupported', `${nameOf(entry)} has shape [${entry.shape.join(', ')}]: ${why}.`);
}

/** A file may call its tensors anything. */
const NAME_LENGTH = 120;

/** A tensor's name as sentences give it. */
export function nameOf({ name }: TensorEntry): string {
  return name.slice(0, NAME_LENGTH);
}

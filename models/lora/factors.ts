import type { TensorEntry } from '../catalog/safetensors-file.ts';
import { type Cut, requireCore, requireRank, sidesOf, type WriteRow } from './change.ts';

/** A matrix as LyCORIS stores the halves of LoHa and the sides of LoKr: a · b, or with a core Σ t[n, m, ·] · a[n, out] · b[m, in]. */
export interface FactorPair {
  readonly rank: number;
  readonly rows: number;
  /** Inputs times the size of the core's kernel. */
  readonly columns: number;
  /** Takes the values; returns [rows, rank] and [rank, columns]. */
  open(
    a: Float32Array,
    b: Float32Array,
    core: Float32Array,
  ): { readonly left: Float32Array; readonly right: Float32Array };
}

/**
 * Reads a pair: a is [rows, rank], or [rank, rows] where there is a core; b is [rank, inputs]. Throws PackError naming the tensor
 * that does not fit.
 */
export function readFactorPair(a: TensorEntry, b: TensorEntry, core: TensorEntry | undefined): FactorPair {
  const { rows: rank, columns: inputs } = sidesOf(b);
  const sides = sidesOf(a);
  const kernel = core ? requireCore(core, b, rank).kernel : 1;
  const [found, rows] = core ? [sides.rows, sides.columns] : [sides.columns, sides.rows];
  requireRank(a, found, b, rank);
  return {
    rank,
    rows,
    columns: inputs * kernel,
    open: (left, right, middle) =>
      core ? { left: transpose(left, rank), right: throughCore(right, middle, rank) } : { left, right },
  };
}

export interface Product {
  /** [outputs, rank] */
  readonly left: Float32Array;
  /** [rank, columns] */
  readonly right: Float32Array;
  readonly rank: number;
  readonly order: Cut['order'];
}

/** Rows of left · right, or of its transpose when the weight has its inputs as rows. */
export function multiply({ left, right, rank, order }: Product): WriteRow {
  const turned = order === 'in-out';
  const first = turned ? transpose(right, rank) : left;
  const second = turned ? transpose(left, left.length / rank) : right;
  return (row, i) => multiplyRow(row, { rank, left: first, right: second, at: i * rank });
}

interface RowParts {
  readonly rank: number;
  readonly left: Float32Array;
  readonly right: Float32Array;
  /** Where the row of `left` begins. */
  readonly at: number;
}

/** row = left[row] · right, four ranks at a time: the row is read and written a quarter as often. */
function multiplyRow(row: Float64Array, { rank, left, right, at }: RowParts): void {
  const width = row.length;
  row.fill(0);
  for (let r = 0; r < rank; r += 4) {
    const a = left[at + r];
    const b = r + 1 < rank ? left[at + r + 1] : 0;
    const c = r + 2 < rank ? left[at + r + 2] : 0;
    const d = r + 3 < rank ? left[at + r + 3] : 0;
    const first = r * width;
    const second = r + 1 < rank ? first + width : first;
    const third = r + 2 < rank ? second + width : first;
    const fourth = r + 3 < rank ? third + width : first;
    for (let j = 0; j < width; j++) {
      row[j] += a * right[first + j] + b * right[second + j] + c * right[third + j] + d * right[fourth + j];
    }
  }
}

/** [rows, columns] → [columns, rows]. */
function transpose(matrix: Float32Array, rows: number): Float32Array {
  const columns = matrix.length / rows;
  const out = new Float32Array(matrix.length);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) out[j * rows + i] = matrix[i * columns + j];
  }
  return out;
}

/**
 * The two inner factors of a Tucker-2 decomposition in one: core[n, m, k] · right[m, j] → [n, j, k], which takes the place of
 * `right`. Hyeon-Woo, Ye-Bin and Oh 2022 (FedPara), proposition 3, factor the kernel of a convolution so.
 */
export function throughCore(right: Float32Array, core: Float32Array, rank: number): Float32Array {
  const inputs = right.length / rank;
  const kernel = core.length / rank ** 2;
  const out = new Float32Array(rank * inputs * kernel);
  for (let n = 0; n < rank; n++) {
    for (let j = 0; j < inputs; j++) {
      for (let k = 0; k < kernel; k++) {
        let sum = 0;
        for (let m = 0; m < rank; m++) sum += core[(n * rank + m) * kernel + k] * right[m * inputs + j];
        out[(n * inputs + j) * kernel + k] = sum;
      }
    }
  }
  return out;
}

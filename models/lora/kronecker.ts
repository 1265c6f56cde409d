import type { TensorEntry } from '../catalog/safetensors-file.ts';
import { type Change, type Parts, requireRank, sidesOf } from './change.ts';
import { multiply, readFactorPair } from './factors.ts';

/**
 * LoKr: a Kronecker product, ΔW = C₁ ⊗ C₂, so that the block of C₂ at (i, j) is C₁[i, j] · C₂ (Yeh et al. 2024, "Navigating
 * text-to-image customization: from LyCORIS fine-tuning to model evaluation", section 3).
 *
 * C₁ is `lokr_w1` or `lokr_w1_a` · `lokr_w1_b`. C₂ is `lokr_w2`, or `lokr_w2_a` · `lokr_w2_b`, or with a core `lokr_t2` [rank,
 * rank, height, width] Σ t[n, m, ·] · a[n, out] · b[m, in]. Only C₂ has the kernel of a convolution. Alpha is divided by the
 * rank of the products; when both are whole there is none, and LyCORIS scales by one.
 */
export function readKronecker(parts: Parts): Change | null {
  const first = readSide({
    whole: parts.get('lokr_w1'),
    a: parts.get('lokr_w1_a'),
    b: parts.get('lokr_w1_b'),
    core: undefined,
  });
  const second = readSide({
    whole: parts.get('lokr_w2'),
    a: parts.get('lokr_w2_a'),
    b: parts.get('lokr_w2_b'),
    core: parts.get('lokr_t2'),
  });
  if (!first || !second) return null;
  if (first.rank !== null && second.rank !== null) {
    requireRank(second.tensors[1], second.rank, first.tensors[1], first.rank);
  }
  const columns = first.columns * second.columns;
  return {
    out: first.rows * second.rows,
    columns,
    rank: first.rank ?? second.rank,
    tensors: [...first.tensors, ...second.tensors],
    open(values, { from, count, order }) {
      const one = first.open(values.slice(0, first.tensors.length));
      const two = second.open(values.slice(first.tensors.length));
      if (order === 'out-in') {
        return (row, i) => {
          const [p, q] = split(from + i, second.rows);
          for (let r = 0; r < first.columns; r++) {
            const factor = one[p * first.columns + r];
            const at = r * second.columns;
            for (let s = 0; s < second.columns; s++) row[at + s] = factor * two[q * second.columns + s];
          }
        };
      }
      return (row, i) => {
        const [r, s] = split(i, second.columns);
        let [p, q] = split(from, second.rows);
        for (let j = 0; j < count; j++) {
          row[j] = one[p * first.columns + r] * two[q * second.columns + s];
          q++;
          if (q === second.rows) [p, q] = [p + 1, 0];
        }
      };
    },
  };
}

/** The block an index is in, and its place there. */
function split(index: number, size: number): readonly [number, number] {
  const block = Math.floor(index / size);
  return [block, index - block * size];
}

/** One of the two matrices: whole, or a product. */
interface Side {
  readonly rows: number;
  readonly columns: number;
  readonly rank: number | null;
  readonly tensors: readonly TensorEntry[];
  /** [rows, columns] */
  open(values: readonly Float32Array[]): Float32Array;
}

interface SideParts {
  readonly whole: TensorEntry | undefined;
  readonly a: TensorEntry | undefined;
  readonly b: TensorEntry | undefined;
  readonly core: TensorEntry | undefined;
}

/** Null when something is missing, or there is more than one form has. */
function readSide({ whole, a, b, core }: SideParts): Side | null {
  if (whole) {
    return a || b || core ? null : { ...sidesOf(whole), rank: null, tensors: [whole], open: ([all]) => all };
  }
  if (!a || !b) return null;
  const pair = readFactorPair(a, b, core);
  const { rank, rows, columns } = pair;
  return {
    rows,
    columns,
    rank,
    tensors: core ? [a, b, core] : [a, b],
    open: ([left, right, middle]) => wholeProduct({ ...pair.open(left, right, middle), rank, rows }),
  };
}

function wholeProduct(factors: {
  readonly left: Float32Array;
  readonly right: Float32Array;
  readonly rank: number;
  readonly rows: number;
}): Float32Array {
  const { left, right, rank, rows } = factors;
  const columns = right.length / rank;
  const out = new Float32Array(rows * columns);
  const row = new Float64Array(columns);
  const write = multiply({ left, right, rank, order: 'out-in' });
  for (let i = 0; i < rows; i++) {
    write(row, i);
    out.set(row, i * columns);
  }
  return out;
}

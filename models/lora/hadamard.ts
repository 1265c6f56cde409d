import type { TensorEntry } from '../catalog/safetensors-file.ts';
import {
  type Change,
  type Cut,
  misshapen,
  type Parts,
  requireCore,
  requireRank,
  sidesOf,
  type WriteRow,
} from './change.ts';
import { multiply, throughCore, transpose } from './factors.ts';

/**
 * LoHa: the Hadamard product of two low-rank matrices, ΔW = (A₁ · B₁) ⊙ (A₂ · B₂), whose rank can reach the product of
 * theirs (Hyeon-Woo, Ye-Bin and Oh 2022, FedPara, proposition 1; in LyCORIS' names A is `hada_w1_a` and B `hada_w1_b`).
 *
 * A is [out, rank] and B [rank, inputs · kernel]. With cores `hada_t1` and `hada_t2` [rank, rank, height, width] it is the
 * form for convolutions of their proposition 3: each half is Σ t[n, m, ·] · A[n, out] · B[m, in], and A is turned round.
 */
export function readHadamard(parts: Parts): Change | null {
  const [a1, b1] = [parts.get('hada_w1_a'), parts.get('hada_w1_b')];
  const [a2, b2] = [parts.get('hada_w2_a'), parts.get('hada_w2_b')];
  const [t1, t2] = [parts.get('hada_t1'), parts.get('hada_t2')];
  // Half of the cores is neither form.
  if (!a1 || !b1 || !a2 || !b2 || (t1 === undefined) !== (t2 === undefined)) return null;
  const first = readHalf(a1, b1, t1);
  const second = readHalf(a2, b2, t2);
  requireRank(b2, second.rank, b1, first.rank);
  if (second.out !== first.out) throw misshapen(a2, `the first half has ${first.out} outputs`);
  if (second.columns !== first.columns) throw misshapen(b2, `the first half has ${first.columns} columns`);
  const { rank, out, columns } = first;
  return {
    out,
    columns,
    rank,
    tensors: t1 && t2 ? [a1, b1, a2, b2, t1, t2] : [a1, b1, a2, b2],
    open([left1, right1, left2, right2, core1, core2], cut) {
      const one = openHalf({ left: left1, right: right1, core: t1 ? core1 : null, rank }, cut);
      const two = openHalf({ left: left2, right: right2, core: t2 ? core2 : null, rank }, cut);
      const other = new Float64Array(cut.order === 'out-in' ? columns : cut.count);
      return (row, i) => {
        one(row, i);
        two(other, i);
        for (let j = 0; j < row.length; j++) row[j] *= other[j];
      };
    },
  };
}

interface Half {
  readonly rank: number;
  readonly out: number;
  readonly columns: number;
}

function readHalf(a: TensorEntry, b: TensorEntry, core: TensorEntry | undefined): Half {
  const { rows: rank, columns } = sidesOf(b);
  const sides = sidesOf(a);
  const kernel = core ? requireCore(core, b, rank).kernel : 1;
  const [found, out] = core ? [sides.rows, sides.columns] : [sides.columns, sides.rows];
  requireRank(a, found, b, rank);
  return { rank, out, columns: columns * kernel };
}

interface HalfValues {
  readonly left: Float32Array;
  readonly right: Float32Array;
  readonly core: Float32Array | null;
  readonly rank: number;
}

function openHalf({ left, right, core, rank }: HalfValues, { from, count, order }: Cut): WriteRow {
  const upright = core ? transpose(left, rank) : left;
  return multiply({
    left: upright.subarray(from * rank, (from + count) * rank),
    right: core ? throughCore(right, core, rank) : right,
    rank,
    order,
  });
}

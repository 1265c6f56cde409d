import { type Change, type Cut, misshapen, type Parts, requireRank, type WriteRow } from './change.ts';
import { type FactorPair, multiply, readFactorPair } from './factors.ts';

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
  const first = readFactorPair(a1, b1, t1);
  const second = readFactorPair(a2, b2, t2);
  requireRank(b2, second.rank, b1, first.rank);
  if (second.rows !== first.rows) throw misshapen(a2, `the first half has ${first.rows} outputs`);
  if (second.columns !== first.columns) throw misshapen(b2, `the first half has ${first.columns} columns`);
  const { rank, rows: out, columns } = first;
  return {
    out,
    columns,
    rank,
    tensors: t1 && t2 ? [a1, b1, a2, b2, t1, t2] : [a1, b1, a2, b2],
    open([left1, right1, left2, right2, core1, core2], cut) {
      const one = openHalf(first, [left1, right1, core1], cut);
      const two = openHalf(second, [left2, right2, core2], cut);
      const other = new Float64Array(cut.order === 'out-in' ? columns : cut.count);
      return (row, i) => {
        one(row, i);
        two(other, i);
        for (let j = 0; j < row.length; j++) row[j] *= other[j];
      };
    },
  };
}

/** The part of one half that belongs to a weight. */
function openHalf(half: FactorPair, values: readonly Float32Array[], { from, count, order }: Cut): WriteRow {
  const [a, b, core] = values;
  const { rank } = half;
  const { left, right } = half.open(a, b, core);
  return multiply({ left: left.subarray(from * rank, (from + count) * rank), right, rank, order });
}

import type { TensorEntry } from '../catalog/safetensors-file.ts';
import { type Change, misshapen } from './change.ts';

/**
 * A difference stored in full: ΔW itself, of a weight or of a bias (`diff`, `diff_b`; `w_norm`, `b_norm` of norms, in LyCORIS'
 * names). It has no rank, so an alpha beside it scales nothing.
 */
export function readDifference(entry: TensorEntry): Change {
  const [out = 0, ...rest] = entry.shape;
  const columns = rest.reduce((total, size) => total * size, 1);
  if (out * columns === 0) throw misshapen(entry, 'a difference has values');
  return {
    out,
    columns,
    rank: null,
    tensors: [entry],
    open([values], { from, count, order }) {
      if (order === 'out-in') {
        return (row, i) => row.set(values.subarray((from + i) * columns, (from + i + 1) * columns));
      }
      return (row, i) => {
        for (let j = 0; j < count; j++) row[j] = values[(from + j) * columns + i];
      };
    },
  };
}

import { type Change, type Parts, requireCore, requireRank, sidesOf } from './change.ts';
import { multiply, throughCore } from './factors.ts';

/**
 * LoRA (Hu et al. 2021, section 4.1, equation 3): ΔW = up · down. `down` is [rank, inputs …], `up` [out, rank …]; a convolution
 * may have a middle [rank, rank, height, width] between them (LyCORIS calls that LoCon with Tucker).
 */
export function readLowRank(parts: Parts): Change | null {
  const [down, up, mid] = [parts.get('down'), parts.get('up'), parts.get('mid')];
  if (!down || !up) return null;
  const { rows: rank, columns } = sidesOf(down);
  const { rows: out, columns: upRank } = sidesOf(up);
  requireRank(up, upRank, down, rank);
  const kernel = mid ? requireCore(mid, down, rank).kernel : 1;
  return {
    out,
    columns: columns * kernel,
    rank,
    tensors: mid ? [down, up, mid] : [down, up],
    open: ([downs, ups, core], { from, count, order }) =>
      multiply({
        left: ups.subarray(from * rank, (from + count) * rank),
        right: mid ? throughCore(downs, core, rank) : downs,
        rank,
        order,
      }),
  };
}

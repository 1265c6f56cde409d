/**
 * Repeats every value but the first and the last, as methods with two evaluations a step need: [a b c d]
 * becomes [a b b c c d]. With `lastToo`, the last is repeated as well.
 */
export function duplicateInner(values: Float64Array, lastToo = false): Float64Array {
  const out: number[] = [];
  values.forEach((value, i) => {
    const once = i === 0 || (!lastToo && i === values.length - 1);
    out.push(value);
    if (!once) out.push(value);
  });
  return Float64Array.from(out);
}

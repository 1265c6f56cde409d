/** Arrays of one length, one after the other; one alone as it is. */
export function stack(parts: readonly Float32Array[]): Float32Array {
  const [first] = parts;
  if (parts.length === 1) return first;
  const out = new Float32Array(first.length * parts.length);
  for (let i = 0; i < parts.length; i += 1) out.set(parts[i], i * first.length);
  return out;
}

/**
 * A `stack` that gives its last result again while it is asked for the same arrays. For what nobody writes to: a step of a
 * picture tells the network the same as the step before, but for x and the noise level.
 */
export function keepStack(): (parts: readonly Float32Array[]) => Float32Array {
  let last: readonly Float32Array[] = [];
  let stacked: Float32Array = new Float32Array(0);
  return (parts) => {
    const isSame = parts.length === last.length && parts.every((part, i) => part === last[i]);
    if (!isSame) {
      stacked = stack(parts);
      last = parts;
    }
    return stacked;
  };
}

/** Arrays of one length, one after the other; one alone as it is. `make` gives the array to write. */
export function stack(
  parts: readonly Float32Array[],
  make: (length: number) => Float32Array = (length) => new Float32Array(length),
): Float32Array {
  const [first] = parts;
  if (parts.length === 1) return first;
  const out = make(first.length * parts.length);
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

/** A `stack` into arrays that are used again once they are given back. */
export interface StackPool {
  stack(parts: readonly Float32Array[]): Float32Array;
  /** Takes back what `stack` gave; anything else is left alone. */
  giveBack(stacked: Float32Array): void;
}

/** For what changes at every step: without it the engine stops every few hundred steps to collect what they left behind. */
export function createStackPool(): StackPool {
  const free: Float32Array[] = [];
  // Weak: what a failed run never gives back is collected.
  const lent = new WeakSet<Float32Array>();
  const take = (length: number): Float32Array => {
    const known = free.findIndex((array) => array.length === length);
    const array = known === -1 ? new Float32Array(length) : free.splice(known, 1)[0];
    lent.add(array);
    return array;
  };
  return {
    stack: (parts) => stack(parts, take),
    giveBack(stacked) {
      if (lent.delete(stacked)) free.push(stacked);
    },
  };
}

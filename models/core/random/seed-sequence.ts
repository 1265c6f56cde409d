/**
 * numpy's SeedSequence: many independent 32-bit seeds from one number and a path of numbers below it. The hash is the one
 * of O'Neill's "Developing a seed_seq alternative" (pcg-random.org, 2015) with the constants numpy fixed for good.
 */
const WORD = 2 ** 32;
const INIT_A = 0x43b0d7e5;
const MULTIPLY_A = 0x931e8875;
const INIT_B = 0x8b51f9dd;
const MULTIPLY_B = 0x58f38ded;
const MIX_LEFT = 0xca01f9dd;
const MIX_RIGHT = 0x4973f715;

export interface SeedSource {
  /** Any non-negative integer. */
  readonly entropy: number | bigint;
  /** Non-negative integers below 2^53 that tell streams of one entropy apart. */
  readonly spawnKey?: readonly number[];
  /** Words of state, at least 4. */
  readonly poolSize: number;
}

/** Returns the first `count` words of `SeedSequence(entropy, spawn_key, pool_size).generate_state`. */
export function seedWords({ entropy, spawnKey = [], poolSize }: SeedSource, count: number): Uint32Array {
  const own = toWords(BigInt(entropy));
  const key = spawnKey.flatMap((part) => toWords(BigInt(part)));
  // Padded, so that a short entropy with a key never equals a long entropy without one.
  while (key.length > 0 && own.length < poolSize) own.push(0);
  return generate(mix([...own, ...key], poolSize), count);
}

/** 32-bit words, lowest first; zero is one word. */
function toWords(value: bigint): number[] {
  const words: number[] = [];
  let rest = value;
  do {
    words.push(Number(rest % BigInt(WORD)));
    rest /= BigInt(WORD);
  } while (rest > 0n);
  return words;
}

function mix(entropy: readonly number[], poolSize: number): Uint32Array {
  let constant = INIT_A;
  const hash = (word: number): number => {
    let value = word ^ constant;
    constant = Math.imul(constant, MULTIPLY_A);
    value = Math.imul(value, constant);
    return (value ^ (value >>> 16)) >>> 0;
  };
  const stir = (x: number, y: number): number => {
    const value = Math.imul(MIX_LEFT, x) - Math.imul(MIX_RIGHT, y);
    return (value ^ (value >>> 16)) >>> 0;
  };
  const pool = new Uint32Array(poolSize);
  for (let i = 0; i < poolSize; i++) pool[i] = hash(entropy[i] ?? 0);
  for (let from = 0; from < poolSize; from++) {
    for (let to = 0; to < poolSize; to++) if (to !== from) pool[to] = stir(pool[to], hash(pool[from]));
  }
  for (const word of entropy.slice(poolSize)) {
    for (let to = 0; to < poolSize; to++) pool[to] = stir(pool[to], hash(word));
  }
  return pool;
}

function generate(pool: Uint32Array, count: number): Uint32Array {
  let constant = INIT_B;
  return Uint32Array.from({ length: count }, (_, i) => {
    let value = pool[i % pool.length] ^ constant;
    constant = Math.imul(constant, MULTIPLY_B);
    value = Math.imul(value, constant);
    return value ^ (value >>> 16);
  });
}

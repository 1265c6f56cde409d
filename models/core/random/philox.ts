import type { Latent, Rng } from '../types.ts';

const f = Math.fround;
const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;
const INV_2_32 = f(2 ** -32);
const INV_2_32_TAU = f(f(2 ** -32) * f(2 * Math.PI));

/** High 32 bits of a 32 × 32 bit product. */
function mulHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const cross = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + Math.floor(middle / 65536) + Math.floor(cross / 65536)) >>> 0;
}

/**
 * Philox4x32-10 (Salmon, Moraes, Dror and Shaw 2011, section 3.3): scrambles a 128-bit counter under a 64-bit
 * key in place, ten rounds.
 */
export function philox4x32(counter: Uint32Array, keyLow: number, keyHigh: number): void {
  let k0 = keyLow >>> 0;
  let k1 = keyHigh >>> 0;
  for (let round = 0; round < 10; round++) {
    const c0 = counter[0];
    const c2 = counter[2];
    counter[0] = mulHigh(MULTIPLIER_1, c2) ^ counter[1] ^ k0;
    counter[1] = Math.imul(MULTIPLIER_1, c2);
    counter[2] = mulHigh(MULTIPLIER_0, c0) ^ counter[3] ^ k1;
    counter[3] = Math.imul(MULTIPLIER_0, c0);
    k0 = (k0 + WEYL_0) >>> 0;
    k1 = (k1 + WEYL_1) >>> 0;
  }
}

/**
 * The counter-based generator of CUDA torch as long as a call fits one wave of threads: element j of a call is
 * subsequence j, each call takes the next offset, and a normal value is the first of curand's Box–Muller pair.
 * Agrees with a CUDA device to the rounding of its log and sin; for equal bits everywhere use TorchGenerator.
 */
export class PhiloxGenerator implements Rng {
  readonly #keyLow: number;
  readonly #keyHigh: number;
  readonly #counter = new Uint32Array(4);
  #offset = 0;

  constructor(seed: number | bigint) {
    const bits = BigInt.asUintN(64, BigInt(seed));
    this.#keyLow = Number(bits & 0xffffffffn);
    this.#keyHigh = Number(bits >> 32n);
  }

  randn(out: Latent): void {
    for (let j = 0; j < out.length; j++) {
      this.#draw(j);
      const u = f(f(this.#counter[0] * INV_2_32) + f(INV_2_32 / 2));
      const v = f(f(this.#counter[1] * INV_2_32_TAU) + f(INV_2_32_TAU / 2));
      out[j] = f(f(Math.sqrt(f(-2 * f(Math.log(u))))) * f(Math.sin(v)));
    }
    this.#offset++;
  }

  /** curand's uniform lies in (0, 1]; one is folded to zero, as torch does. */
  rand(out: Latent): void {
    for (let j = 0; j < out.length; j++) {
      this.#draw(j);
      const u = f(f(this.#counter[0] * INV_2_32) + f(INV_2_32 / 2));
      out[j] = u === 1 ? 0 : u;
    }
    this.#offset++;
  }

  /** @throws RangeError when the range is empty. */
  randint(low: bigint, high: bigint, out: BigInt64Array): void {
    const range = high - low;
    if (range <= 0n) throw new RangeError(`randint needs low < high, got ${low} and ${high}`);
    for (let j = 0; j < out.length; j++) {
      this.#draw(j);
      const word = BigInt(this.#counter[0]);
      const value = range < 1n << 32n ? word : (BigInt(this.#counter[1]) << 32n) | word;
      out[j] = low + (value % range);
    }
    this.#offset++;
  }

  randperm(n: number): Int32Array {
    const order = Int32Array.from({ length: n }, (_, j) => j);
    for (let j = 0; j < n - 1; j++) {
      this.#draw(j);
      const other = j + (this.#counter[0] % (n - j));
      const value = order[j];
      order[j] = order[other];
      order[other] = value;
    }
    this.#offset++;
    return order;
  }

  #draw(subsequence: number): void {
    this.#counter[0] = this.#offset;
    this.#counter[1] = 0;
    this.#counter[2] = subsequence;
    this.#counter[3] = 0;
    philox4x32(this.#counter, this.#keyLow, this.#keyHigh);
  }
}

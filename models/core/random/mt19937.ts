const N = 624;
const M = 397;

/**
 * The Mersenne Twister MT19937 (Matsumoto and Nishimura 1998): 32-bit words with period 2^19937 - 1, seeded by
 * `init_genrand` of the authors' 2002 revision.
 */
export class Mt19937 {
  readonly #state = new Int32Array(N);
  /** The state's words as they are handed out: tempering all of them in one loop takes a third of the time. */
  readonly #words = new Uint32Array(N);
  #position = N;

  /** @param seed 32-bit; the engine reads its low 32 bits. */
  constructor(seed: number) {
    const state = this.#state;
    state[0] = seed;
    for (let j = 1; j < N; j++) {
      const previous = state[j - 1] ^ (state[j - 1] >>> 30);
      state[j] = Math.imul(1812433253, previous) + j;
    }
  }

  /** The next tempered word, 0 … 2^32 - 1. */
  word(): number {
    if (this.#position === N) this.#refill();
    return this.#words[this.#position++];
  }

  /** Fills out[from …] with the low 24 bits of the next words, over 2^24: uniform float32 values in [0, 1). */
  uniforms(out: Float32Array, from: number): void {
    const words = this.#words;
    for (let at = from; at < out.length; ) {
      if (this.#position === N) this.#refill();
      const first = this.#position;
      const count = Math.min(N - first, out.length - at);
      for (let k = 0; k < count; k++) out[at + k] = (words[first + k] & 0xffffff) * 2 ** -24;
      this.#position += count;
      at += count;
    }
  }

  #refill(): void {
    const state = this.#state;
    for (let k = 0; k < N - M; k++) state[k] = state[k + M] ^ twist(state[k], state[k + 1]);
    for (let k = N - M; k < N - 1; k++) state[k] = state[k + M - N] ^ twist(state[k], state[k + 1]);
    state[N - 1] = state[M - 1] ^ twist(state[N - 1], state[0]);
    for (let k = 0; k < N; k++) this.#words[k] = temper(state[k]);
    this.#position = 0;
  }
}

/** Upper bit of one word and lower bits of the next, times the twist matrix. */
function twist(upper: number, lower: number): number {
  const y = (upper & 0x80000000) | (lower & 0x7fffffff);
  return (y >>> 1) ^ (-(y & 1) & 0x9908b0df);
}

function temper(word: number): number {
  let y = word ^ (word >>> 11);
  y ^= (y << 7) & 0x9d2c5680;
  y ^= (y << 15) & 0xefc60000;
  return y ^ (y >>> 18);
}

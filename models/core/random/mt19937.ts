const N = 624;
const M = 397;

/**
 * The Mersenne Twister MT19937 (Matsumoto and Nishimura 1998): 32-bit words with period 2^19937 - 1, seeded by
 * `init_genrand` of the authors' 2002 revision.
 */
export class Mt19937 {
  readonly #state = new Uint32Array(N);
  #position = N;

  /** @param seed 32-bit; the engine reads its low 32 bits. */
  constructor(seed: number) {
    const state = this.#state;
    state[0] = seed >>> 0;
    for (let j = 1; j < N; j++) {
      const previous = state[j - 1] ^ (state[j - 1] >>> 30);
      state[j] = Math.imul(1812433253, previous) + j;
    }
  }

  /** The next tempered word, 0 … 2^32 - 1. */
  word(): number {
    if (this.#position === N) this.#refill();
    let y = this.#state[this.#position++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    y ^= y >>> 18;
    return y >>> 0;
  }

  #refill(): void {
    const state = this.#state;
    for (let k = 0; k < N; k++) {
      const y = (state[k] & 0x80000000) | (state[k + 1 === N ? 0 : k + 1] & 0x7fffffff);
      const distant = state[k + M < N ? k + M : k + M - N];
      state[k] = distant ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    this.#position = 0;
  }
}

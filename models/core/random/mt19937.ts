import { type Vector, VectorLoopWriter } from '../math/vector-loop.ts';

const N = 624;
const M = 397;

/**
 * The Mersenne Twister MT19937 (Matsumoto and Nishimura 1998): 32-bit words with period 2^19937 - 1, seeded by
 * `init_genrand` of the authors' 2002 revision.
 */
export class Mt19937 {
  readonly #state = new Int32Array(N);
  /** The state's words as they are handed out. */
  readonly #words = new Uint32Array(N);
  /** The same as uniform values: their low 24 bits over 2^24. */
  readonly #uniforms = new Float32Array(N);
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
    for (let at = from; at < out.length; ) {
      if (this.#position === N) this.#refill();
      const first = this.#position;
      const count = Math.min(N - first, out.length - at);
      out.set(this.#uniforms.subarray(first, first + count), at);
      this.#position += count;
      at += count;
    }
  }

  #refill(): void {
    twister ??= createTwister();
    twister.state.set(this.#state);
    twister.run();
    this.#state.set(twister.next);
    this.#words.set(twister.words);
    this.#uniforms.set(twister.uniforms);
    this.#position = 0;
  }
}

/** What makes the next N words of the state out of N, tempers them, and makes uniform values of them. */
interface Twister {
  readonly state: Int32Array;
  readonly next: Int32Array;
  readonly words: Uint32Array;
  readonly uniforms: Float32Array;
  run(): void;
}

let twister: Twister | null = null;

/** The recurrence as a loop over x[0 … 2N - 1], four words at a time: x[k + N] = x[k + M] ^ (upper x[k] | lower x[k + 1])·A. */
function createTwister(): Twister {
  const writer = new VectorLoopWriter();
  const integer = (value: number): Vector => writer.integer(value);
  const and = (a: Vector, b: Vector): Vector => writer.apply('and', a, b);
  const xor = (a: Vector, b: Vector): Vector => writer.apply('xor', a, b);
  const left = (a: Vector, bits: number): Vector => writer.shift('i32 shift left', a, bits);
  const right = (a: Vector, bits: number): Vector => writer.shift('i32 shift right', a, bits);

  const y = writer.apply(
    'or',
    and(writer.load(0), integer(1 << 31)),
    and(writer.load(1), integer(~(1 << 31))),
  );
  const isOdd = writer.apply('i32 equal', and(y, integer(1)), integer(1));
  const next = xor(xor(writer.load(M), right(y, 1)), and(isOdd, integer(0x9908b0df)));
  writer.store(N, next);
  let word = xor(next, right(next, 11));
  word = xor(word, and(left(word, 7), integer(0x9d2c5680)));
  word = xor(word, and(left(word, 15), integer(0xefc60000)));
  word = xor(word, right(word, 18));
  writer.store(2 * N, word);
  const low = writer.apply('f32 of i32', and(word, integer(0xffffff)));
  writer.store(3 * N, writer.apply('f32 multiply', low, writer.float(2 ** -24)));

  const loop = writer.compile(4, N);
  if (loop === null) throw new TypeError('this engine has no WebAssembly vectors');
  const { buffer } = loop.memory;
  return {
    state: new Int32Array(buffer, 0, N),
    next: new Int32Array(buffer, 4 * N, N),
    words: new Uint32Array(buffer, 8 * N, N),
    uniforms: new Float32Array(buffer, 12 * N, N),
    run: () => loop.run(N / 4),
  };
}

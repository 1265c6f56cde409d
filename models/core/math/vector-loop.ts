import { AT, FIRST_VECTOR, I32_CONST, LOCAL_GET, LOCAL_SET, loopModule, unsigned } from './wasm-module.ts';

/** A value of a loop, by the number of its local variable: four float32, four int32, or two float64 lanes. */
export type Vector = number;

/** A loop over blocks of float32 values, ready to run. */
export interface VectorLoop {
  /** What the loop reads and writes, block after block. */
  readonly memory: Float32Array;
  /** Runs the loop over the first `blocks` blocks, at least one. */
  run(blocks: number): void;
}

const VECTOR_PREFIX = 0xfd;

/** Instructions without operands of their own: lanes, what they do, and the code after the vector prefix (section 5.4.6). */
const CODES = {
  'f32 less': 0x43,
  'f32 negate': 0xe1,
  'f32 root': 0xe3,
  'f32 add': 0xe4,
  'f32 subtract': 0xe5,
  'f32 multiply': 0xe6,
  'f32 relaxed multiply add': 0x105,
  'f32 of i32': 0xfa,
  'f32 of f64': 0x5e,
  'i32 of f32': 0xf8,
  'i32 equal': 0x37,
  'i32 add': 0xae,
  'i64 add': 0xce,
  'f64 of f32': 0x5f,
  'f64 unequal': 0x48,
  'f64 add': 0xf0,
  'f64 subtract': 0xf1,
  'f64 multiply': 0xf2,
  and: 0x4e,
  or: 0x50,
  xor: 0x51,
  select: 0x52,
} as const;

const SHIFTS = { 'i32 shift left': 0xab, 'i32 shift right': 0xad, 'i64 shift right signed': 0xcc } as const;

const LOAD = 0x00;
const STORE = 0x0b;
const CONSTANT = 0x0c;
const SHUFFLE = 0x0d;
/** Most addresses are multiples of 2 to this power; a hint, others work. */
const ALIGNMENT = 4;

/**
 * Writes a loop in WebAssembly's 128-bit vectors, for arithmetic that is fixed to the last bit and would take most of a step
 * as scalars. Every call appends an instruction to the round and returns its result.
 */
export class VectorLoopWriter {
  readonly #before: number[] = [];
  readonly #round: number[] = [];
  readonly #constants = new Map<string, Vector>();
  #vectors = 0;

  /** Four float32 lanes of one value, made before the loop. */
  float(value: number): Vector {
    return this.#constant(Float32Array.of(value, value, value, value));
  }

  /** Four int32 lanes of one value. */
  integer(value: number): Vector {
    return this.#constant(Int32Array.of(value, value, value, value));
  }

  /** Two int64 lanes of one value. */
  wide(value: bigint): Vector {
    return this.#constant(BigInt64Array.of(value, value));
  }

  /** Four values from the `offset`-th of the block on, which may lie beyond it. */
  load(offset: number): Vector {
    return this.#keep([LOCAL_GET, AT, ...instruction(LOAD), ALIGNMENT, ...unsigned(4 * offset)]);
  }

  store(offset: number, value: Vector): void {
    const address = [ALIGNMENT, ...unsigned(4 * offset)];
    this.#round.push(LOCAL_GET, AT, ...get(value), ...instruction(STORE), ...address);
  }

  /** `select` takes the first operand where the bits of the third are set, else the second; comparisons set all or none. */
  apply(what: keyof typeof CODES, ...operands: readonly Vector[]): Vector {
    return this.#keep([...operands.flatMap(get), ...instruction(CODES[what])]);
  }

  shift(what: keyof typeof SHIFTS, value: Vector, bits: number): Vector {
    return this.#keep([...get(value), I32_CONST, bits, ...instruction(SHIFTS[what])]);
  }

  /** Picks four 32-bit lanes out of the eight of a and b. */
  shuffle(a: Vector, b: Vector, lanes: readonly [number, number, number, number]): Vector {
    const bytes = lanes.flatMap((lane) => [4 * lane, 4 * lane + 1, 4 * lane + 2, 4 * lane + 3]);
    return this.#keep([...get(a), ...get(b), ...instruction(SHUFFLE), ...bytes]);
  }

  /**
   * Compiles the loop for blocks of `width` values, up to `blocks` of them; null where the engine lacks an instruction.
   */
  compile(width: number, blocks: number): VectorLoop | null {
    const bytes = loopModule({
      before: this.#before,
      round: this.#round,
      vectors: this.#vectors,
      stride: 4 * width,
      capacity: 4 * width * blocks,
    });
    if (!WebAssembly.validate(bytes)) return null;
    const { m, f } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;
    if (!(m instanceof WebAssembly.Memory) || typeof f !== 'function') return null;
    return { memory: new Float32Array(m.buffer, 0, width * blocks), run: (count) => f(4 * width * count) };
  }

  #constant(values: Float32Array | Int32Array | BigInt64Array): Vector {
    const bytes = [...new Uint8Array(values.buffer)];
    const key = bytes.join();
    const known = this.#constants.get(key);
    if (known !== undefined) return known;
    const result = this.#declare();
    this.#before.push(...instruction(CONSTANT), ...bytes, LOCAL_SET, ...unsigned(result));
    this.#constants.set(key, result);
    return result;
  }

  #keep(code: readonly number[]): Vector {
    const result = this.#declare();
    this.#round.push(...code, LOCAL_SET, ...unsigned(result));
    return result;
  }

  #declare(): Vector {
    this.#vectors += 1;
    return FIRST_VECTOR + this.#vectors - 1;
  }
}

function get(local: Vector): readonly number[] {
  return [LOCAL_GET, ...unsigned(local)];
}

function instruction(code: number): readonly number[] {
  return [VECTOR_PREFIX, ...unsigned(code)];
}

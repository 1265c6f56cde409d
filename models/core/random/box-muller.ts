import { compileFused, type FusedMultiplyAdd } from '../math/fused.ts';
import { type Vector, type VectorLoop, VectorLoopWriter } from '../math/vector-loop.ts';

/** Values that are turned together, the j-th with the (j + 8)-th. */
const BLOCK = 16;
/** Blocks that one run takes: 64 KiB. */
const MOST_BLOCKS = 1024;

let loop: VectorLoop | null = null;

/**
 * Turns uniform values at data[from … to - 1], whole blocks of 16, into standard normal ones in place, pairing j with j + 8
 * (Box and Muller 1958): u1 = 1 - d[j], u2 = d[j+8], d[j] = R cos 2πu2, d[j+8] = R sin 2πu2, R = sqrt(-2 ln u1).
 */
export function boxMuller(data: Float32Array, from: number, to: number): void {
  loop ??= compileFused(boxMullerLoop);
  const { memory } = loop;
  for (let at = from; at < to; at += memory.length) {
    const part = data.subarray(at, Math.min(at + memory.length, to));
    memory.set(part);
    loop.run(part.length / BLOCK);
    part.set(memory.subarray(0, part.length));
  }
}

/** The same block rule in double precision. */
export function boxMuller16Double(data: Float64Array, at: number): void {
  for (let j = at; j < at + 8; j++) {
    const radius = Math.sqrt(-2 * Math.log(1 - data[j]));
    const theta = 2 * Math.PI * data[j + 8];
    data[j] = radius * Math.cos(theta);
    data[j + 8] = radius * Math.sin(theta);
  }
}

const LOG_P = [
  7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
  2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
];
const LOG_Q1 = -2.1219444e-4;
const LOG_Q2 = 0.693359375;
const DP1 = -0.78515625;
const DP2 = -2.4187564849853515625e-4;
const DP3 = -3.77489497744594108e-8;
const COS_P = [2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2];
const SIN_P = [-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1];

/**
 * The loop, in float32 on the single-precision polynomials of Moshier's Cephes library with fused multiply-adds: the
 * arithmetic of torch's AVX2 and AVX-512 kernels, operation for operation.
 */
export function boxMullerLoop(fused: FusedMultiplyAdd): VectorLoop | null {
  const writer = new VectorLoopWriter();
  const float = (value: number): Vector => writer.float(value);
  const integer = (value: number): Vector => writer.integer(value);
  const add = (a: Vector, b: Vector): Vector => writer.apply('f32 add', a, b);
  const subtract = (a: Vector, b: Vector): Vector => writer.apply('f32 subtract', a, b);
  const multiply = (a: Vector, b: Vector): Vector => writer.apply('f32 multiply', a, b);
  const multiplyAdd = (a: Vector, b: Vector, c: Vector): Vector => fused(writer, a, b, c);
  const select = (mask: Vector, a: Vector, b: Vector): Vector => writer.apply('select', a, b, mask);
  /** (…(c0·x + c1)·x + …)·x + cn */
  const polynomial = (x: Vector, [first, ...rest]: readonly number[]): Vector =>
    rest.reduce((sum, coefficient) => multiplyAdd(sum, x, float(coefficient)), float(first));

  /** Natural logarithm of normal positive values: of 2^e·(1 + x), with 1 + x between sqrt(1/2) and sqrt(2). */
  const logarithm = (value: Vector): Vector => {
    const fraction = writer.apply('and', value, integer(0x007fffff));
    const mantissa = writer.apply('or', fraction, integer(0x3f000000));
    const exponent = writer.apply('i32 add', writer.shift('i32 shift right', value, 23), integer(-126));
    const isSmall = writer.apply('f32 less', mantissa, float(Math.SQRT1_2));
    const less = subtract(mantissa, float(1));
    const x = select(isSmall, add(less, mantissa), less);
    // The bits of a comparison that holds are the integer -1.
    const e = writer.apply('f32 of i32', writer.apply('i32 add', exponent, isSmall));
    const z = multiply(x, x);
    const cubic = multiply(polynomial(x, LOG_P), x);
    const tail = multiplyAdd(z, float(-0.5), multiplyAdd(cubic, z, multiply(e, float(LOG_Q1))));
    return multiplyAdd(e, float(LOG_Q2), add(x, tail));
  };

  /** Sine and cosine of values from 0 to 2π, which lie in eight octants. */
  const sineCosine = (theta: Vector): { readonly sine: Vector; readonly cosine: Vector } => {
    const whole = writer.apply('i32 of f32', multiply(theta, float(4 / Math.PI)));
    const octant = writer.apply('and', writer.apply('i32 add', whole, integer(1)), integer(~1));
    const shift = writer.apply('f32 of i32', octant);
    const x = [DP1, DP2, DP3].reduce((rest, part) => multiplyAdd(shift, float(part), rest), theta);
    const z = multiply(x, x);
    const quartic = multiply(polynomial(z, COS_P), z);
    const even = add(multiplyAdd(quartic, z, multiply(z, float(-0.5))), float(1));
    const odd = multiplyAdd(multiply(polynomial(z, SIN_P), z), x, x);
    const has = (bits: Vector, bit: number): Vector =>
      writer.apply('i32 equal', writer.apply('and', bits, integer(bit)), integer(bit));
    const swapped = has(octant, 2);
    const signed = (isNegative: Vector, value: Vector): Vector =>
      select(isNegative, writer.apply('f32 negate', value), value);
    return {
      sine: signed(has(octant, 4), select(swapped, even, odd)),
      cosine: signed(has(writer.apply('i32 add', octant, integer(2)), 4), select(swapped, odd, even)),
    };
  };

  for (let j = 0; j < BLOCK / 2; j += 4) {
    const logOfU1 = logarithm(subtract(float(1), writer.load(j)));
    const radius = writer.apply('f32 root', multiply(float(-2), logOfU1));
    const { sine, cosine } = sineCosine(multiply(float(2 * Math.PI), writer.load(j + 8)));
    writer.store(j, multiply(radius, cosine));
    writer.store(j + 8, multiply(radius, sine));
  }
  return writer.compile(BLOCK, MOST_BLOCKS);
}

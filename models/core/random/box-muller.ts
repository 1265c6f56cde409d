/**
 * Box–Muller in float32, on the single-precision polynomials of Moshier's Cephes library with fused
 * multiply-adds, the arithmetic of torch's AVX2 and AVX-512 kernels. A fused a·b+c is emulated by computing in
 * double (the product of two float32 is exact there) and rounding once.
 */
const f = Math.fround;

const bitsAsFloat = new Float32Array(1);
const floatBits = new Int32Array(bitsAsFloat.buffer);

const SQRT_HALF = f(0.707106781186547524);
const LOG_P0 = f(7.0376836292e-2);
const LOG_P1 = f(-1.151461031e-1);
const LOG_P2 = f(1.167699874e-1);
const LOG_P3 = f(-1.2420140846e-1);
const LOG_P4 = f(1.4249322787e-1);
const LOG_P5 = f(-1.6668057665e-1);
const LOG_P6 = f(2.0000714765e-1);
const LOG_P7 = f(-2.4999993993e-1);
const LOG_P8 = f(3.3333331174e-1);
const LOG_Q1 = f(-2.1219444e-4);
const LOG_Q2 = f(0.693359375);

/** Natural logarithm of a normal positive float32, rounded as the vector kernels round it. */
function logFloat32(value: number): number {
  bitsAsFloat[0] = value;
  const bits = floatBits[0];
  let e = (bits >>> 23) - 126;
  floatBits[0] = (bits & 0x007fffff) | 0x3f000000;
  let x = bitsAsFloat[0];
  if (x < SQRT_HALF) {
    e -= 1;
    x = f(f(x - 1) + x);
  } else {
    x = f(x - 1);
  }
  const z = f(x * x);
  let y = f(LOG_P0 * x + LOG_P1);
  y = f(y * x + LOG_P2);
  y = f(y * x + LOG_P3);
  y = f(y * x + LOG_P4);
  y = f(y * x + LOG_P5);
  y = f(y * x + LOG_P6);
  y = f(y * x + LOG_P7);
  y = f(y * x + LOG_P8);
  y = f(y * x);
  y = f(y * z + f(e * LOG_Q1));
  y = f(y - z * 0.5);
  x = f(x + y);
  return f(e * LOG_Q2 + x);
}

const FOUR_OVER_PI = f(1.27323954473516);
const DP1 = f(-0.78515625);
const DP2 = f(-2.4187564849853515625e-4);
const DP3 = f(-3.77489497744594108e-8);
const COS_P0 = f(2.443315711809948e-5);
const COS_P1 = f(-1.388731625493765e-3);
const COS_P2 = f(4.166664568298827e-2);
const SIN_P0 = f(-1.9515295891e-4);
const SIN_P1 = f(8.3321608736e-3);
const SIN_P2 = f(-1.6666654611e-1);
const TWO_PI = f(2 * Math.PI);

/**
 * Turns 16 uniform values at data[at …] into 16 standard normal ones in place, pairing j with j + 8
 * (Box and Muller 1958): u1 = 1 - d[j], u2 = d[j+8], d[j] = R cos 2πu2, d[j+8] = R sin 2πu2, R = sqrt(-2 ln u1).
 */
export function boxMuller16(data: Float32Array, at: number): void {
  for (let j = at; j < at + 8; j++) {
    const radius = f(Math.sqrt(f(-2 * logFloat32(f(1 - data[j])))));
    const theta = f(TWO_PI * data[j + 8]);
    const octant = (Math.trunc(f(theta * FOUR_OVER_PI)) + 1) & ~1;
    let x = f(octant * DP1 + theta);
    x = f(octant * DP2 + x);
    x = f(octant * DP3 + x);
    const z = f(x * x);
    let cosine = f(COS_P0 * z + COS_P1);
    cosine = f(cosine * z + COS_P2);
    cosine = f(cosine * z);
    cosine = f(f(cosine * z - z * 0.5) + 1);
    let sine = f(SIN_P0 * z + SIN_P1);
    sine = f(sine * z + SIN_P2);
    sine = f(sine * z);
    sine = f(sine * x + x);
    const swapped = (octant & 2) !== 0;
    const sinValue = swapped ? cosine : sine;
    const cosValue = swapped ? sine : cosine;
    data[j] = radius * (((octant - 2) & 4) === 0 ? -cosValue : cosValue);
    data[j + 8] = radius * ((octant & 4) === 0 ? sinValue : -sinValue);
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

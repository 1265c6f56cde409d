/**
 * The natural logarithm of float32 values as numpy computes it: range reduction to [sqrt(1/2), sqrt(2)) and a
 * rational polynomial of degree 5 over 5 with fused multiply-adds. One value in thirteen differs from the
 * correctly rounded logarithm by a unit in the last place, which shows where logarithms nearly cancel.
 */
const f = Math.fround;

const P1 = f(9.9999999999999987e-1);
const P2 = f(2.112677543073053064);
const P3 = f(1.480000633576506585);
const P4 = f(3.80883774138840792e-1);
const P5 = f(2.58997911790792269e-2);
const Q1 = f(2.612677543073109237);
const Q2 = f(2.453006071784736363);
const Q3 = f(9.86494295851941896e-1);
const Q4 = f(1.54647637498390672e-1);
const Q5 = f(5.87509540312457434e-3);
const LN2 = f(Math.LN2);
const SQRT_HALF = f(Math.SQRT1_2);

const bitsAsFloat = new Float32Array(1);
const floatBits = new Int32Array(bitsAsFloat.buffer);

/** ln(x) as a float32 value, for normal positive float32 x; other values as Math.log has them. */
export function logFloat32(value: number): number {
  if (!(value >= 2 ** -126) || value === Number.POSITIVE_INFINITY) return f(Math.log(value));
  bitsAsFloat[0] = value;
  const bits = floatBits[0];
  let exponent = (bits >>> 23) - 126;
  floatBits[0] = (bits & 0x007fffff) | 0x3f000000;
  let x = bitsAsFloat[0];
  if (x <= SQRT_HALF) {
    x += x;
    exponent -= 1;
  }
  x -= 1;
  let numerator = f(P5 * x + P4);
  numerator = f(numerator * x + P3);
  numerator = f(numerator * x + P2);
  numerator = f(numerator * x + P1);
  numerator = f(numerator * x);
  let denominator = f(Q5 * x + Q4);
  denominator = f(denominator * x + Q3);
  denominator = f(denominator * x + Q2);
  denominator = f(denominator * x + Q1);
  denominator = f(denominator * x + 1);
  return f(exponent * LN2 + f(numerator / denominator));
}

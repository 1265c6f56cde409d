/**
 * IEEE 754 binary16 conversion. onnxruntime-node takes float16 tensors as raw 16-bit words, so graphs exported with
 * half-precision inputs need these two functions.
 */

const SCRATCH = new Float32Array(1);
const SCRATCH_BITS = new Uint32Array(SCRATCH.buffer);
/** The scale of a normal number by its exponent bits. */
const SCALES = Float64Array.from({ length: 31 }, (_, exponent) => 2 ** (exponent - 15));

/** Returns the float32 value of a binary16 bit pattern. */
export function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) {
    return sign * fraction * 2 ** -24;
  }
  if (exponent === 31) {
    return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  }
  return sign * (1 + fraction / 1024) * SCALES[exponent];
}

/** Returns the binary16 bit pattern nearest to a number, ties to even; beyond 65519 it becomes infinity. */
export function floatToHalf(value: number): number {
  SCRATCH[0] = value;
  const bits = SCRATCH_BITS[0];
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fff_ffff;
  if (magnitude > 0x7f80_0000) {
    return sign | 0x7e00;
  }
  if (magnitude >= 0x4780_0000) {
    return sign | 0x7c00;
  }
  if (magnitude < 0x3880_0000) {
    const scaled = Math.abs(Math.fround(value)) * 2 ** 24;
    const floor = Math.floor(scaled);
    const rest = scaled - floor;
    const rounded = rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
    return sign | rounded;
  }
  const rebased = magnitude - 0x3800_0000;
  const rounded = rebased + 0xfff + ((rebased >>> 13) & 1);
  return sign | (rounded >>> 13);
}

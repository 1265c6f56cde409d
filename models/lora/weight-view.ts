import { floatToHalf, halfToFloat } from '../runtime/half.ts';

/** The numbers of a weight as it lies in a file, which may not be aligned for their type. */
export interface WeightView {
  /** Reads as many values as the row is long, from a place on. */
  read(row: Float64Array, at: number): void;
  /** Adds scale · row from a place on, rounding each sum once. */
  add(row: Float64Array, at: number, scale: number): void;
  /** Writes the changes to the bytes. */
  finish(): void;
}

/** Changes are made in place, or in a copy that `finish` writes back where the file did not align the numbers. */
export function viewWeight(bytes: Uint8Array, type: 'float32' | 'float16'): WeightView {
  return type === 'float32' ? viewFloats(bytes) : viewHalves(bytes);
}

function viewFloats(bytes: Uint8Array): WeightView {
  const from = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  const values = new Float32Array(from.buffer, from.byteOffset, from.length / 4);
  return {
    read(row, at) {
      for (let j = 0; j < row.length; j++) row[j] = values[at + j];
    },
    add(row, at, scale) {
      for (let j = 0; j < row.length; j++) values[at + j] += scale * row[j];
    },
    finish: () => (from === bytes ? undefined : bytes.set(from)),
  };
}

function viewHalves(bytes: Uint8Array): WeightView {
  const from = bytes.byteOffset % 2 === 0 ? bytes : bytes.slice();
  const values = new Uint16Array(from.buffer, from.byteOffset, from.length / 2);
  return {
    read(row, at) {
      for (let j = 0; j < row.length; j++) row[j] = halfToFloat(values[at + j]);
    },
    add(row, at, scale) {
      for (let j = 0; j < row.length; j++) {
        values[at + j] = floatToHalf(halfToFloat(values[at + j]) + scale * row[j]);
      }
    },
    finish: () => (from === bytes ? undefined : bytes.set(from)),
  };
}

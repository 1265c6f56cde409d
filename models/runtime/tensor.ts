import { halfToFloat, floatToHalf } from './half.ts';

/** Element types that this runtime can pass in and out of a graph. */
export const TENSOR_TYPES = ['float32', 'float16', 'float64', 'int64', 'int32', 'uint8', 'bool'] as const;
export type TensorType = (typeof TENSOR_TYPES)[number];

export type TensorData = Float32Array | Float64Array | BigInt64Array | Int32Array | Uint16Array | Uint8Array;

/** A dense tensor in host memory, row-major. `data.length` is the product of `shape` (1 for the empty shape). */
export interface HostTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array | BigInt64Array;
}

/** Name, element type and shape of a graph's input or output; a string in the shape is a symbolic dimension. */
export interface TensorInfo {
  readonly name: string;
  readonly type: TensorType;
  readonly shape: readonly (number | string)[];
}

export function float32Tensor(shape: readonly number[], data: Float32Array): HostTensor {
  return checkTensor({ shape, data });
}

export function int64Tensor(shape: readonly number[], values: ArrayLike<number>): HostTensor {
  const data = new BigInt64Array(values.length);
  for (let i = 0; i < values.length; i += 1) {
    data[i] = BigInt(values[i]);
  }
  return checkTensor({ shape, data });
}

/** Returns the number of elements of a shape; 1 for the empty shape of a scalar. */
export function countElements(shape: readonly number[]): number {
  return shape.reduce((total, size) => total * size, 1);
}

/** Returns the float values of a tensor; throws TypeError when it holds integers. */
export function floatData(tensor: HostTensor): Float32Array {
  if (tensor.data instanceof Float32Array) {
    return tensor.data;
  }
  throw new TypeError(`expected a float tensor, got integers of shape [${tensor.shape.join(', ')}]`);
}

/** Converts values to the element type of a graph input. Fractions are cut when the graph wants integers. */
export function castForGraph(data: HostTensor['data'], type: TensorType): TensorData {
  switch (type) {
    case 'float32':
      return data instanceof Float32Array ? data : fill(new Float32Array(data.length), data);
    case 'float16':
      return fill(new Uint16Array(data.length), Array.from(toNumbers(data), floatToHalf));
    case 'float64':
      return fill(new Float64Array(data.length), data);
    case 'int64':
      return data instanceof BigInt64Array ? data : toBigInts(data);
    case 'int32':
      return fill(new Int32Array(data.length), data);
    case 'uint8':
      return fill(new Uint8Array(data.length), data);
    case 'bool':
      return fill(
        new Uint8Array(data.length),
        Array.from(toNumbers(data), (value) => (value === 0 ? 0 : 1)),
      );
  }
}

/** Converts a graph's output to the two array types that pipelines handle: float32 and int64. */
export function castFromGraph(data: TensorData, type: TensorType): HostTensor['data'] {
  switch (type) {
    case 'float32':
      return data instanceof Float32Array ? data : fill(new Float32Array(data.length), data);
    case 'float16':
      return fill(new Float32Array(data.length), Array.from(toNumbers(data), halfToFloat));
    case 'float64':
      return fill(new Float32Array(data.length), data);
    case 'int64':
    case 'int32':
    case 'uint8':
    case 'bool':
      return data instanceof BigInt64Array ? data : toBigInts(data);
  }
}

type Numbers = ArrayLike<number> | ArrayLike<bigint>;

function fill<T extends Exclude<TensorData, BigInt64Array>>(target: T, values: Numbers): T {
  for (let i = 0; i < target.length; i += 1) {
    target[i] = Number(values[i]);
  }
  return target;
}

function toNumbers(values: Numbers): Float64Array {
  return fill(new Float64Array(values.length), values);
}

function toBigInts(values: ArrayLike<number>): BigInt64Array {
  const out = new BigInt64Array(values.length);
  for (let i = 0; i < out.length; i += 1) {
    out[i] = BigInt(Math.trunc(values[i]));
  }
  return out;
}

function checkTensor(tensor: HostTensor): HostTensor {
  if (countElements(tensor.shape) !== tensor.data.length) {
    throw new RangeError(
      `a tensor of shape [${tensor.shape.join(', ')}] holds ${countElements(tensor.shape)} values, not ${tensor.data.length}`,
    );
  }
  return tensor;
}

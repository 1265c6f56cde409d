import { countElements, floatData, type HostTensor } from '../../runtime/tensor.ts';

/** Moving pictures in and out of batches. The first axis is the batch, the second the channels. */

/** Returns the batch repeated `count` times, whole after whole: [a b] becomes [a b a b]. */
export function repeatBatch(tensor: HostTensor, count: number): HostTensor {
  return concatBatch(Array.from({ length: count }, () => tensor));
}

/** Returns each picture repeated `count` times in place: [a b] becomes [a a b b]. */
export function repeatEach(tensor: HostTensor, count: number): HostTensor {
  const rows = Array.from({ length: tensor.shape[0] }, (_, i) => sliceBatch(tensor, i, i + 1));
  return concatBatch(rows.flatMap((row) => Array.from({ length: count }, () => row)));
}

/** Returns batches one after the other. All have the same shape but for the first axis. */
export function concatBatch(tensors: readonly HostTensor[]): HostTensor {
  const [first] = tensors;
  if (tensors.length === 1) {
    return first;
  }
  const rows = tensors.reduce((total, tensor) => total + tensor.shape[0], 0);
  const shape = [rows, ...first.shape.slice(1)];
  const data = new Float32Array(countElements(shape));
  let offset = 0;
  for (const tensor of tensors) {
    data.set(floatData(tensor), offset);
    offset += tensor.data.length;
  }
  return { shape, data };
}

/** Returns rows `from` … `to` of a batch, sharing memory with it. */
export function sliceBatch(tensor: HostTensor, from: number, to: number): HostTensor {
  const row = countElements(tensor.shape.slice(1));
  return {
    shape: [to - from, ...tensor.shape.slice(1)],
    data: floatData(tensor).subarray(from * row, to * row),
  };
}

/** Returns tensors joined along an axis. All other axes agree. */
export function concatAxis(tensors: readonly HostTensor[], axis: number): HostTensor {
  const [first] = tensors;
  const outer = countElements(first.shape.slice(0, axis));
  const shape = first.shape.map((size, i) =>
    i === axis ? tensors.reduce((total, tensor) => total + tensor.shape[axis], 0) : size,
  );
  const data = new Float32Array(countElements(shape));
  const rowLength = countElements(shape.slice(axis));
  let offset = 0;
  for (const tensor of tensors) {
    const part = countElements(tensor.shape.slice(axis));
    const values = floatData(tensor);
    for (let i = 0; i < outer; i += 1) {
      data.set(values.subarray(i * part, (i + 1) * part), i * rowLength + offset);
    }
    offset += part;
  }
  return { shape, data };
}

export function zerosLike(tensor: HostTensor): HostTensor {
  return { shape: tensor.shape, data: new Float32Array(tensor.data.length) };
}

/** Returns a tensor with every value multiplied by a factor, in float32. */
export function scaled(tensor: HostTensor, factor: number): HostTensor {
  const f = Math.fround(factor);
  return { shape: tensor.shape, data: floatData(tensor).map((value) => value * f) };
}

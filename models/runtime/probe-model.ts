import { concatBytes, encodeField } from './protobuf.ts';

/** Element types of onnx.proto3. */
const ELEMENT_TYPES = { float32: 1, float16: 10 } as const;

/**
 * Returns the bytes of a minimal ONNX model (opset 14): `doubled = value + value`, one dynamic dimension.
 *
 * It is written here, field by field (onnx.proto3), so that probing a device needs no file.
 */
export function createProbeModel(type: keyof typeof ELEMENT_TYPES = 'float32'): Uint8Array {
  const element = ELEMENT_TYPES[type];
  const node = concatBytes([
    encodeField(1, 'value'),
    encodeField(1, 'value'),
    encodeField(2, 'doubled'),
    encodeField(4, 'Add'),
  ]);
  const graph = concatBytes([
    encodeField(1, node),
    encodeField(2, 'probe'),
    encodeField(11, encodeVectorInfo('value', element)),
    encodeField(12, encodeVectorInfo('doubled', element)),
  ]);
  const opset = concatBytes([encodeField(1, ''), encodeField(2, 14)]);
  return concatBytes([encodeField(1, 8), encodeField(7, graph), encodeField(8, opset)]);
}

/** ValueInfoProto of a vector whose length is symbolic. */
function encodeVectorInfo(name: string, element: number): Uint8Array {
  const dimension = encodeField(2, 'n');
  const shape = encodeField(1, dimension);
  const tensorType = concatBytes([encodeField(1, element), encodeField(2, shape)]);
  return concatBytes([encodeField(1, name), encodeField(2, encodeField(1, tensorType))]);
}

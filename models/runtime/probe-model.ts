import { concatBytes, encodeField } from './protobuf.ts';

/**
 * Returns the bytes of a minimal ONNX model (opset 13): `doubled = value + value`, float32, one dynamic dimension.
 *
 * It is written here, field by field (onnx.proto3), so that probing a device needs no file.
 */
export function createProbeModel(): Uint8Array {
  const node = concatBytes([
    encodeField(1, 'value'),
    encodeField(1, 'value'),
    encodeField(2, 'doubled'),
    encodeField(4, 'Add'),
  ]);
  const graph = concatBytes([
    encodeField(1, node),
    encodeField(2, 'probe'),
    encodeField(11, encodeVectorInfo('value')),
    encodeField(12, encodeVectorInfo('doubled')),
  ]);
  const opset = concatBytes([encodeField(1, ''), encodeField(2, 13)]);
  return concatBytes([encodeField(1, 8), encodeField(7, graph), encodeField(8, opset)]);
}

/** ValueInfoProto of a float32 vector whose length is symbolic. */
function encodeVectorInfo(name: string): Uint8Array {
  const dimension = encodeField(2, 'n');
  const shape = encodeField(1, dimension);
  const tensorType = concatBytes([encodeField(1, 1), encodeField(2, shape)]);
  return concatBytes([encodeField(1, name), encodeField(2, encodeField(1, tensorType))]);
}

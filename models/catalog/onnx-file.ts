import { open } from 'node:fs/promises';
import { readFields, WireFormatError } from '../runtime/protobuf.ts';
import { PackError } from './pack-error.ts';

/** What can be learned about a graph without giving it to a loader. */
export interface OnnxSummary {
  /** Opset version by operator domain; the default domain is ''. */
  readonly opsets: Readonly<Record<string, number>>;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Locations of external tensor data exactly as the file states them, each once. */
  readonly externalLocations: readonly string[];
  /** Domains of operators outside ONNX itself. */
  readonly customDomains: readonly string[];
}

/** A graph proto is read whole; real ones keep their weights outside once they are larger than this. */
const MAX_GRAPH_BYTES = 2 ** 31;
const MAX_DEPTH = 32;

/** Field numbers of onnx.proto3. */
const MODEL = { irVersion: 1, graph: 7, opsetImport: 8, functions: 25 } as const;
const GRAPH = { node: 1, initializer: 5, input: 11, output: 12, sparseInitializer: 15 } as const;
const NODE = { attribute: 5, domain: 7 } as const;
const ATTRIBUTE = { tensor: 5, graph: 6, tensors: 10, graphs: 11 } as const;
const TENSOR = { externalData: 13 } as const;

/**
 * Reads names, opsets and external data locations of an ONNX file.
 *
 * Throws PackError `unsafe` for a file that is not an ONNX model or is built to exhaust a reader.
 */
export async function readOnnxSummary(path: string): Promise<OnnxSummary> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    if (size > MAX_GRAPH_BYTES) {
      throw new PackError(
        'unsafe',
        `${path} is ${size} bytes: a graph file above 2 GiB must keep its weights outside`,
      );
    }
    const bytes = new Uint8Array(size);
    await file.read(bytes, 0, size, 0);
    return summarise(bytes, path);
  } finally {
    await file.close();
  }
}

function summarise(bytes: Uint8Array, path: string): OnnxSummary {
  const opsets: Record<string, number> = Object.create(null);
  const inputs: string[] = [];
  const outputs: string[] = [];
  const locations = new Set<string>();
  const domains = new Set<string>();
  let irVersion = 0;
  let graphs = 0;

  function visitTensor(tensor: Uint8Array): void {
    for (const { field, value } of readFields(tensor)) {
      if (field === TENSOR.externalData && typeof value !== 'number') {
        const [key, entry] = readEntry(value);
        if (key === 'location') {
          locations.add(entry);
        }
      }
    }
  }

  function visitNode(node: Uint8Array, depth: number): void {
    for (const { field, value } of readFields(node)) {
      if (typeof value === 'number') {
        continue;
      }
      if (field === NODE.domain) {
        domains.add(decode(value));
      } else if (field === NODE.attribute) {
        for (const part of readFields(value)) {
          if (typeof part.value === 'number') {
            continue;
          }
          if (part.field === ATTRIBUTE.tensor || part.field === ATTRIBUTE.tensors) {
            visitTensor(part.value);
          } else if (part.field === ATTRIBUTE.graph || part.field === ATTRIBUTE.graphs) {
            visitGraph(part.value, depth + 1);
          }
        }
      }
    }
  }

  function visitGraph(graph: Uint8Array, depth: number): void {
    if (depth > MAX_DEPTH) {
      throw new PackError('unsafe', `${path} nests graphs more than ${MAX_DEPTH} deep`);
    }
    for (const { field, value } of readFields(graph)) {
      if (typeof value === 'number') {
        continue;
      }
      if (field === GRAPH.node) {
        visitNode(value, depth);
      } else if (field === GRAPH.initializer) {
        visitTensor(value);
      } else if (field === GRAPH.sparseInitializer) {
        for (const part of readFields(value)) {
          if (typeof part.value !== 'number' && (part.field === 1 || part.field === 2)) {
            visitTensor(part.value);
          }
        }
      } else if (depth === 0 && field === GRAPH.input) {
        inputs.push(readName(value));
      } else if (depth === 0 && field === GRAPH.output) {
        outputs.push(readName(value));
      }
    }
  }

  try {
    for (const { field, value } of readFields(bytes)) {
      if (field === MODEL.irVersion && typeof value === 'number') {
        irVersion = value;
      } else if (typeof value === 'number') {
      } else if (field === MODEL.graph) {
        graphs += 1;
        visitGraph(value, 0);
      } else if (field === MODEL.opsetImport) {
        const [domain, version] = readOpset(value);
        opsets[domain] = version;
      } else if (field === MODEL.functions) {
        visitFunction(value, visitNode);
      }
    }
  } catch (error) {
    if (error instanceof WireFormatError || error instanceof RangeError) {
      throw new PackError('unsafe', `${path} is not an ONNX model: ${error.message}`, { cause: error });
    }
    throw error;
  }
  if (irVersion < 1 || irVersion > 100 || graphs !== 1 || Object.keys(opsets).length === 0) {
    throw new PackError('unsafe', `${path} is not an ONNX model`);
  }
  const customDomains = [...domains].filter((domain) => domain !== '' && !domain.startsWith('ai.onnx'));
  return { opsets, inputs, outputs, externalLocations: [...locations], customDomains };
}

function visitFunction(bytes: Uint8Array, visitNode: (node: Uint8Array, depth: number) => void): void {
  for (const { field, value } of readFields(bytes)) {
    if (field === 7 && typeof value !== 'number') {
      visitNode(value, 1);
    }
  }
}

function readName(valueInfo: Uint8Array): string {
  for (const { field, value } of readFields(valueInfo)) {
    if (field === 1 && typeof value !== 'number') {
      return decode(value);
    }
  }
  return '';
}

function readEntry(bytes: Uint8Array): readonly [string, string] {
  let key = '';
  let entry = '';
  for (const { field, value } of readFields(bytes)) {
    if (typeof value !== 'number') {
      if (field === 1) {
        key = decode(value);
      } else if (field === 2) {
        entry = decode(value);
      }
    }
  }
  return [key, entry];
}

function readOpset(bytes: Uint8Array): readonly [string, number] {
  let domain = '';
  let version = 0;
  for (const { field, value } of readFields(bytes)) {
    if (field === 1 && typeof value !== 'number') {
      domain = decode(value);
    } else if (field === 2 && typeof value === 'number') {
      version = value;
    }
  }
  return [domain, version];
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

import { readFields } from '../runtime/protobuf.ts';

/** Where the bytes of a weight lie: in the graph's own file, or in a file beside it. */
export type WeightStore =
  | { readonly kind: 'inline'; readonly offset: number; readonly length: number }
  | {
      readonly kind: 'external';
      readonly location: string;
      readonly offset: number;
      readonly length: number;
    };

/** A parameter of a linear layer, a convolution or a norm, by the path of its module in the network it was exported from. */
export interface GraphWeight {
  /** Path with underscores for dots, as far as the graph tells it. */
  readonly module: string;
  readonly parameter: 'weight' | 'bias';
  readonly initializer: string;
  readonly dims: readonly number[];
  readonly type: 'float32' | 'float16';
  /** Rows are outputs (Gemm, Conv, and what has one dimension), or columns are (a MatMul takes the weight from the right). */
  readonly order: 'out-in' | 'in-out';
  readonly store: WeightStore;
}

export interface GraphWeights {
  readonly weights: readonly GraphWeight[];
  /** Files beside the graph that hold weights, as the graph states them. */
  readonly locations: readonly string[];
}

/** Field numbers of onnx.proto3. */
const MODEL_GRAPH = 7;
const GRAPH = { node: 1, initializer: 5 } as const;
const NODE = { input: 1, output: 2, name: 3, opType: 4, attribute: 5, metadata: 9 } as const;
const ATTRIBUTE = { name: 1, integer: 3 } as const;
const TENSOR = { dims: 1, type: 2, floats: 4, name: 8, raw: 9, external: 13, location: 14 } as const;
const FLOAT = 1;
const FLOAT16 = 10;

interface Initializer {
  readonly name: string;
  readonly dims: readonly number[];
  readonly type: number;
  readonly store: WeightStore | null;
}

interface Node {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly transB: boolean;
  readonly metadata: ReadonlyMap<string, string>;
}

/**
 * Finds the weights of linear layers and convolutions in an ONNX file and the modules they came from.
 *
 * A convolution and a Gemm keep the parameter's name. A linear layer on sequences becomes a MatMul whose weight was
 * transposed and renamed (`onnx::MatMul_724`, `val_11`): there the node's name tells the module
 * (`/down_blocks.0/…/to_q/MatMul`, torch's older exporter), or its `name_scopes` (the newer one), or the bias added to its
 * result.
 */
export function readGraphWeights(bytes: Uint8Array): GraphWeights {
  const initializers = new Map<string, Initializer>();
  const nodes: Node[] = [];
  for (const model of readFields(bytes)) {
    if (model.field !== MODEL_GRAPH || typeof model.value === 'number') continue;
    for (const { field, value } of readFields(model.value)) {
      if (typeof value === 'number') continue;
      if (field === GRAPH.node) nodes.push(readNode(value));
      else if (field === GRAPH.initializer) {
        const initializer = readInitializer(value, bytes);
        initializers.set(initializer.name, initializer);
      }
    }
  }
  const weights = [...collect(nodes, initializers), ...collectVectors(nodes, initializers)];
  const stores = [...initializers.values()].map(({ store }) => store);
  const locations = stores.flatMap((store) => (store?.kind === 'external' ? [store.location] : []));
  return { weights, locations: [...new Set(locations)] };
}

interface Source {
  readonly initializer: Initializer;
  readonly transposed: boolean;
}

function collect(nodes: readonly Node[], initializers: ReadonlyMap<string, Initializer>): GraphWeight[] {
  const producers = new Map(nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
  const biases = biasNames(nodes, initializers);
  const found = new Map<string, GraphWeight | null>();
  for (const node of nodes) {
    if (node.op !== 'MatMul' && node.op !== 'Gemm' && node.op !== 'Conv') continue;
    const source = sourceOf(node.inputs[1] ?? '', { producers, initializers });
    if (!source) continue;
    const { name, dims, type, store } = source.initializer;
    const path = moduleOf(name, node, biases);
    const float = floatOf(type);
    if (path === null || float === null || store === null) continue;
    // A MatMul's weight has outputs as columns; a Gemm's and a transposed one's the other way round.
    const flipped = node.op === 'MatMul' || (node.op === 'Gemm' && !node.transB);
    const order = node.op !== 'Conv' && flipped !== source.transposed ? 'in-out' : 'out-in';
    const weight: GraphWeight = {
      module: path,
      parameter: 'weight',
      initializer: name,
      dims,
      type: float,
      order,
      store,
    };
    // Equal parameters may have been stored once for several modules; changing one would change all.
    found.set(name, found.has(name) ? null : weight);
  }
  return [...found.values()].filter((weight) => weight !== null);
}

/** Operators that take a bias, or the weight of a norm, as it is. */
const VECTOR_OPS = new Set(['Gemm', 'Conv', 'Add', 'Mul', 'LayerNormalization', 'GroupNormalization']);

/** Biases, and weights of norms, that kept their names. One that several nodes read may stand for several equal parameters. */
function collectVectors(
  nodes: readonly Node[],
  initializers: ReadonlyMap<string, Initializer>,
): GraphWeight[] {
  const readers = new Map<string, readonly Node[]>();
  for (const node of nodes) {
    for (const input of node.inputs) {
      if (initializers.has(input)) readers.set(input, [...(readers.get(input) ?? []), node]);
    }
  }
  const found: GraphWeight[] = [];
  for (const [name, [reader, ...others]] of readers) {
    const initializer = initializers.get(name);
    const [, path, parameter] = /^(?!onnx::|val_)(.+)\.(weight|bias)$/.exec(name) ?? [];
    if (!initializer || path === undefined || others.length > 0 || !VECTOR_OPS.has(reader.op)) continue;
    const { dims, type, store } = initializer;
    const float = floatOf(type);
    if (dims.length !== 1 || float === null || store === null) continue;
    found.push({
      module: path.replaceAll('.', '_'),
      parameter: parameter === 'bias' ? 'bias' : 'weight',
      initializer: name,
      dims,
      type: float,
      order: 'out-in',
      store,
    });
  }
  return found;
}

function floatOf(type: number): GraphWeight['type'] | null {
  return type === FLOAT ? 'float32' : type === FLOAT16 ? 'float16' : null;
}

/** The initializer behind a node's input, through operators that only carry it over. */
function sourceOf(
  name: string,
  graph: {
    readonly producers: ReadonlyMap<string, Node>;
    readonly initializers: ReadonlyMap<string, Initializer>;
  },
): Source | null {
  let transposed = false;
  let current = name;
  for (;;) {
    const initializer = graph.initializers.get(current);
    if (initializer) return { initializer, transposed };
    const node = graph.producers.get(current);
    if (!node) return null;
    if (node.op === 'Transpose') transposed = !transposed;
    else if (node.op !== 'Identity' && node.op !== 'Cast') return null;
    current = node.inputs[0] ?? '';
  }
}

function moduleOf(initializer: string, node: Node, biases: ReadonlyMap<string, string>): string | null {
  const path =
    /^(?!onnx::|val_)(.+)\.weight$/.exec(initializer)?.[1] ??
    pathOfNode(node.name) ??
    pathOfScopes(node.metadata.get('pkg.torch.onnx.name_scopes')) ??
    node.outputs.map((output) => biases.get(output)).find((bias) => bias !== undefined);
  return path === undefined || path === null ? null : path.replaceAll('.', '_');
}

/** `/down_blocks.0/attn1/to_q/MatMul`: the modules on the way to the operator. */
function pathOfNode(name: string): string | null {
  const parts = name.split('/').slice(0, -1);
  return parts[0] === '' && parts.length > 1 ? parts.slice(1).join('.') : null;
}

/** `['', 'down_blocks.0', 'down_blocks.0.attn1.to_q', 'linear_3']`: the last but one is the module. */
function pathOfScopes(scopes: string | undefined): string | null {
  return scopes === undefined ? null : (/'([^']+)', '[^']*'\]$/.exec(scopes)?.[1] ?? null);
}

/** Modules by the tensor that an Add joins with `<module>.bias`. */
function biasNames(
  nodes: readonly Node[],
  initializers: ReadonlyMap<string, Initializer>,
): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const node of nodes) {
    if (node.op !== 'Add') continue;
    const bias = node.inputs.find((input) => initializers.has(input) && input.endsWith('.bias'));
    const other = node.inputs.find((input) => !initializers.has(input));
    if (bias !== undefined && other !== undefined) names.set(other, bias.slice(0, -'.bias'.length));
  }
  return names;
}

function readNode(bytes: Uint8Array): Node {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const metadata = new Map<string, string>();
  let [name, op, transB] = ['', '', false];
  for (const { field, value } of readFields(bytes)) {
    if (typeof value === 'number') continue;
    if (field === NODE.input) inputs.push(text(value));
    else if (field === NODE.output) outputs.push(text(value));
    else if (field === NODE.name) name = text(value);
    else if (field === NODE.opType) op = text(value);
    else if (field === NODE.metadata) metadata.set(...readEntry(value));
    else if (field === NODE.attribute) transB ||= isTransB(value);
  }
  return { name, op, inputs, outputs, transB, metadata };
}

function isTransB(attribute: Uint8Array): boolean {
  let name = '';
  let integer = 0;
  for (const { field, value } of readFields(attribute)) {
    if (field === ATTRIBUTE.name && typeof value !== 'number') name = text(value);
    else if (field === ATTRIBUTE.integer && typeof value === 'number') integer = value;
  }
  return name === 'transB' && integer === 1;
}

function readInitializer(tensor: Uint8Array, file: Uint8Array): Initializer {
  const dims: number[] = [];
  const entries = new Map<string, string>();
  let [name, type, isExternal] = ['', 0, false];
  let inline: Uint8Array | null = null;
  for (const { field, value } of readFields(tensor)) {
    if (field === TENSOR.dims) dims.push(...(typeof value === 'number' ? [value] : readPacked(value)));
    else if (field === TENSOR.type && typeof value === 'number') type = value;
    else if (field === TENSOR.location && typeof value === 'number') isExternal = value === 1;
    else if (typeof value === 'number') continue;
    else if (field === TENSOR.name) name = text(value);
    else if (field === TENSOR.raw || (field === TENSOR.floats && value.length > 4)) inline = value;
    else if (field === TENSOR.external) entries.set(...readEntry(value));
  }
  const size = dims.reduce((total, side) => total * side, type === FLOAT16 ? 2 : 4);
  return { name, dims, type, store: storeOf({ isExternal, entries, inline, size, file }) };
}

function storeOf(parts: {
  readonly isExternal: boolean;
  readonly entries: ReadonlyMap<string, string>;
  readonly inline: Uint8Array | null;
  readonly size: number;
  readonly file: Uint8Array;
}): WeightStore | null {
  const { isExternal, entries, inline, size, file } = parts;
  if (isExternal) {
    const location = entries.get('location') ?? '';
    const length = Number(entries.get('length') ?? size);
    return { kind: 'external', location, offset: Number(entries.get('offset') ?? 0), length };
  }
  return inline === null || inline.length !== size
    ? null
    : { kind: 'inline', offset: inline.byteOffset - file.byteOffset, length: inline.length };
}

function readPacked(bytes: Uint8Array): number[] {
  const out: number[] = [];
  let value = 0;
  let scale = 1;
  for (const byte of bytes) {
    value += (byte & 0x7f) * scale;
    scale *= 128;
    if (byte < 0x80) {
      out.push(value);
      value = 0;
      scale = 1;
    }
  }
  return out;
}

function readEntry(bytes: Uint8Array): readonly [string, string] {
  let [key, value] = ['', ''];
  for (const part of readFields(bytes)) {
    if (typeof part.value === 'number') continue;
    if (part.field === 1) key = text(part.value);
    else if (part.field === 2) value = text(part.value);
  }
  return [key, value];
}

const DECODER = new TextDecoder();

function text(bytes: Uint8Array): string {
  return DECODER.decode(bytes);
}

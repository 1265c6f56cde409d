import { stat } from 'node:fs/promises';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { bindFeeds, BindingError, resolveInput, resolveOutput } from './io-adapter.ts';
import { loadOnnxRuntime, supportsHalfInputs } from './onnxruntime.ts';
import type { Provider } from './providers.ts';
import { castFromGraph, type HostTensor, TENSOR_TYPES, type TensorInfo, type TensorType } from './tensor.ts';

export interface DeviceOptions {
  readonly provider: Provider;
  /** Threads inside one operator; null leaves it to onnxruntime (one a physical core). */
  readonly threads: number | null;
  /** Told the milliseconds of every run of a graph, without what is done around it. */
  readonly onRun?: (milliseconds: number) => void;
}

/** A graph whose weights were changed in memory, with every file that it keeps weights in. */
export interface PatchedGraph {
  readonly bytes: Uint8Array;
  /** By the location that the graph states. */
  readonly externalData: readonly { readonly path: string; readonly data: Uint8Array }[];
}

/** A change of a graph's weights at load time. Equal keys make equal changes. */
export interface WeightPatch {
  readonly key: string;
  apply(path: string): Promise<PatchedGraph>;
}

/** Tensors by canonical name (see io-adapter). */
type Feeds = Readonly<Record<string, HostTensor>>;

/** An open graph. Calls run one after the other and block the event loop while they run: use a runner process. */
export interface ModelSession {
  readonly path: string;
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /** Bytes of memory that opening the graph took, as measured, and at least the size of its file. */
  readonly memoryBytes: number;
  /** True when the graph has an input for this canonical name (see io-adapter). */
  hasInput(name: string): boolean;
  hasOutput(name: string): boolean;
  /**
   * Binds feeds by canonical name once, for many runs that return one output by canonical name. Every run reads what the
   * feeds' arrays then hold.
   */
  bind(feeds: Feeds, output: string): () => Promise<HostTensor>;
  /** Runs the graph once, as a run of `bind`. */
  runForOutput(feeds: Feeds, output: string): Promise<HostTensor>;
  /** Runs the graph and returns every output under the graph's own names. */
  run(feeds: Feeds): Promise<Readonly<Record<string, HostTensor>>>;
  close(): Promise<void>;
}

/** Thrown when a file cannot be opened as a graph. */
export class ModelLoadError extends Error {
  override readonly name = 'ModelLoadError';
}

/**
 * Opens an ONNX file on a device, as it is or with changed weights. External data is read from the folder of the file.
 *
 * Only open files that `models/catalog` has verified. Throws ModelLoadError with the path and onnxruntime's reason.
 */
export async function openSession(
  path: string,
  device: DeviceOptions,
  patch?: WeightPatch,
): Promise<ModelSession> {
  const ort = await loadOnnxRuntime();
  const before = process.memoryUsage.rss();
  const graph = (await patch?.apply(path)) ?? null;
  const session = await createSession(path, { device, ort, graph });
  const inputs = session.inputMetadata.map((info) => readInfo(info, path));
  const outputs = session.outputMetadata.map((info) => readInfo(info, path));
  const fileBytes = (await stat(path)).size;
  const memoryBytes = Math.max(process.memoryUsage.rss() - before, fileBytes);

  function toTensors(feeds: Feeds): Readonly<Record<string, Tensor>> {
    return Object.fromEntries(
      Object.entries(bindFeeds(feeds, inputs)).map(([name, { type, data, shape }]) => [
        name,
        new ort.Tensor(type, data, shape),
      ]),
    );
  }

  async function run(
    tensors: Readonly<Record<string, Tensor>>,
    fetches: readonly string[],
  ): Promise<Readonly<Record<string, Tensor>>> {
    const started = performance.now();
    const results = await session.run(tensors, fetches);
    device.onRun?.(performance.now() - started);
    return results;
  }

  function bind(feeds: Feeds, output: string): () => Promise<HostTensor> {
    const name = resolveOutput(output, outputs);
    if (name === null) {
      const names = outputs.map((info) => `'${info.name}'`).join(', ');
      throw new BindingError(`${path} has no output for '${output}'; it has ${names}`);
    }
    const tensors = toTensors(feeds);
    const arrays = new Set<unknown>(Object.values(feeds).map(({ data }) => data));
    // A graph of other element types reads copies, which do not follow the feeds.
    const isShared = Object.values(tensors).every(({ data }) => arrays.has(data));
    return async () => readTensor((await run(isShared ? tensors : toTensors(feeds), [name]))[name]);
  }

  return {
    path,
    inputs,
    outputs,
    memoryBytes,
    hasInput: (name) => resolveInput(name, inputs) !== null,
    hasOutput: (name) => resolveOutput(name, outputs) !== null,
    bind,
    runForOutput: async (feeds, output) => bind(feeds, output)(),
    async run(feeds) {
      const results = await run(toTensors(feeds), session.outputNames);
      return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, readTensor(tensor)]));
    },
    close: () => session.release(),
  };
}

async function createSession(
  path: string,
  {
    device,
    ort,
    graph,
  }: {
    readonly device: DeviceOptions;
    readonly ort: Awaited<ReturnType<typeof loadOnnxRuntime>>;
    readonly graph: PatchedGraph | null;
  },
): Promise<InferenceSession> {
  try {
    const options: InferenceSession.SessionOptions = {
      executionProviders: device.provider === 'cpu' ? ['cpu'] : [device.provider, 'cpu'],
      logSeverityLevel: 3,
      // Batch and token counts vary from run to run, and a memory pattern is only right for the shape it was made for.
      enableMemPattern: false,
      ...(device.threads === null ? {} : { intraOpNumThreads: device.threads }),
      extra: {
        session: {
          // Several sessions share a process: spinning threads of an idle one would starve the one at work.
          intra_op: { allow_spinning: '0' },
          // Packs store weights in 8 bits and compute in float32. Left on, the optimiser fuses the restored weights into
          // kernels that round activations to 8 bits too: 0.005 off in one call, and different from CPU to CPU.
          disable_quant_qdq: '1',
        },
      },
    };
    if (graph === null) return await ort.InferenceSession.create(path, options);
    return await ort.InferenceSession.create(graph.bytes, { ...options, externalData: graph.externalData });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ModelLoadError(`cannot open ${path}: ${reason}`, { cause: error });
  }
}

function readInfo(info: InferenceSession.ValueMetadata, path: string): TensorInfo {
  if (!info.isTensor) {
    throw new ModelLoadError(`${path}: '${info.name}' is not a tensor`);
  }
  const type = TENSOR_TYPES.find((name) => name === info.type);
  if (type === undefined) {
    throw new ModelLoadError(
      `${path}: '${info.name}' has element type ${info.type}, which JavaScript cannot hold`,
    );
  }
  if (type === 'float16' && !supportsHalfInputs()) {
    throw new ModelLoadError(`${path} uses half precision: start node with --no-js-float16array`);
  }
  return { name: info.name, type, shape: info.shape.map((size) => size) };
}

interface RawTensor {
  readonly type: string;
  readonly data: unknown;
  readonly dims: readonly number[];
}

function readTensor(tensor: RawTensor): HostTensor {
  const type: TensorType | undefined = TENSOR_TYPES.find((name) => name === tensor.type);
  const { data } = tensor;
  const isNumeric =
    data instanceof Float32Array ||
    data instanceof Float64Array ||
    data instanceof BigInt64Array ||
    data instanceof Int32Array ||
    data instanceof Uint16Array ||
    data instanceof Uint8Array;
  if (type === undefined || !isNumeric) {
    throw new TypeError(`a graph returned a tensor of type ${tensor.type}, which this runtime does not read`);
  }
  return { shape: tensor.dims, data: castFromGraph(data, type) };
}

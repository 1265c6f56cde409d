import { open, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PackError } from '../catalog/pack-error.ts';
import { readTensors } from '../catalog/safetensors-file.ts';
import type { PatchedGraph } from '../runtime/session.ts';
import type { Cut, WriteRow } from './change.ts';
import { addDecomposed } from './dora.ts';
import type { GraphWeight } from './graph-weights.ts';
import type { LoraLayer } from './layers.ts';
import { inputsOf, type LoraMatch } from './match.ts';
import { viewWeight, type WeightView } from './weight-view.ts';

/** One LoRA at one strength, with what of a graph it changes. */
export interface LoraPart {
  readonly file: string;
  readonly strength: number;
  readonly matches: readonly LoraMatch[];
}

/**
 * Reads a graph with its weights and adds the LoRAs to them: W + strength · alpha/rank · ΔW, summed in double precision and
 * rounded once a LoRA. All of the graph's weights are in memory while it is opened.
 *
 * The changes do not depend on each other's order: one with magnitudes (see dora.ts) reads the weight as the model has it.
 *
 * Only give it files that `models/catalog` has verified.
 */
export async function mergeLoras(
  path: string,
  locations: readonly string[],
  parts: readonly LoraPart[],
): Promise<PatchedGraph> {
  const bytes = await readWhole(path);
  const externalData: { readonly path: string; readonly data: Uint8Array }[] = [];
  for (const location of locations) {
    externalData.push({ path: location, data: await readWhole(join(dirname(path), location)) });
  }
  const regionOf = ({ store, initializer }: GraphWeight): Uint8Array => {
    const file =
      store.kind === 'inline' ? bytes : externalData.find(({ path: name }) => name === store.location)?.data;
    if (!file || store.offset + store.length > file.length) {
      throw new PackError('damaged', `${path}: the weights of ${initializer} lie outside of their file.`);
    }
    return file.subarray(store.offset, store.offset + store.length);
  };
  const steps = parts.flatMap(({ matches, ...part }) => matches.map((match) => ({ ...part, ...match })));
  const decomposed = steps.filter(({ layer }) => layer.magnitude !== null);
  const originals = keepOriginals(decomposed, regionOf);
  for (const step of decomposed) await addWithMagnitudes(step, { regionOf, originals });
  for (const step of steps) if (step.layer.magnitude === null) await addPlain(step, regionOf);
  return { bytes, externalData };
}

interface Step extends LoraMatch {
  readonly file: string;
  readonly strength: number;
}

type RegionOf = (weight: GraphWeight) => Uint8Array;

/** Copies of the weights that several decomposed changes need to see as they were. */
function keepOriginals(steps: readonly Step[], regionOf: RegionOf): ReadonlyMap<string, Uint8Array> {
  const seen = new Set<string>();
  const originals = new Map<string, Uint8Array>();
  for (const { weight } of steps.flatMap(({ places }) => places)) {
    const { initializer } = weight;
    if (seen.has(initializer) && !originals.has(initializer)) {
      originals.set(initializer, regionOf(weight).slice());
    }
    seen.add(initializer);
  }
  return originals;
}

async function addPlain({ file, strength, layer, places }: Step, regionOf: RegionOf): Promise<void> {
  const { scale, open: openCut } = await readChange(file, layer);
  for (const { weight, cut } of places) {
    const view = viewWeight(regionOf(weight), weight.type);
    const [rows, width] =
      cut.order === 'out-in' ? [cut.count, layer.change.columns] : [layer.change.columns, cut.count];
    const row = new Float64Array(width);
    const write = openCut(cut);
    for (let i = 0; i < rows; i++) {
      write(row, i);
      view.add(row, i * width, strength * scale);
    }
    view.finish();
  }
}

async function addWithMagnitudes(
  { file, strength, layer, places }: Step,
  from: { readonly regionOf: RegionOf; readonly originals: ReadonlyMap<string, Uint8Array> },
): Promise<void> {
  if (layer.magnitude === null) return;
  const { axis, entry } = layer.magnitude;
  const { scale, open: openCut } = await readChange(file, layer);
  const [magnitudes] = await readTensors(file, [entry]);
  const views: WeightView[] = [];
  const decomposed = places.map(({ weight, cut }) => {
    const view = viewWeight(from.regionOf(weight), weight.type);
    views.push(view);
    const kept = from.originals.get(weight.initializer);
    const original = kept ? viewWeight(kept, weight.type) : view;
    return { cut, inputs: inputsOf(weight), weight: view, original, write: openCut(cut) };
  });
  addDecomposed(decomposed, { axis, magnitudes, scale, strength, columns: layer.change.columns });
  for (const view of views) view.finish();
}

interface ReadChange {
  /** alpha/rank; 1 for a change without a rank. */
  readonly scale: number;
  open(cut: Cut): WriteRow;
}

async function readChange(file: string, { change, alpha }: LoraLayer): Promise<ReadChange> {
  const { rank, tensors } = change;
  const values = await readTensors(file, tensors);
  const open = (cut: Cut) => change.open(values, cut);
  if (rank === null || alpha === null) return { scale: 1, open };
  const value = typeof alpha === 'number' ? alpha : (await readTensors(file, [alpha]))[0][0];
  return { scale: value / rank, open };
}

/** Larger than one read call takes. */
const CHUNK_BYTES = 256 * 1024 * 1024;

/** Reads a file of any size. */
export async function readWhole(path: string): Promise<Uint8Array> {
  const { size } = await stat(path);
  const bytes = new Uint8Array(size);
  const handle = await open(path, 'r');
  try {
    let at = 0;
    while (at < size) {
      const { bytesRead } = await handle.read(bytes, at, Math.min(CHUNK_BYTES, size - at), at);
      if (bytesRead === 0) throw new PackError('damaged', `${path} became shorter while it was read.`);
      at += bytesRead;
    }
    return bytes;
  } finally {
    await handle.close();
  }
}

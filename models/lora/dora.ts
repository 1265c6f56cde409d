import type { TensorEntry } from '../catalog/safetensors-file.ts';
import { type Change, type Cut, misshapen, type Parts, type WriteRow } from './change.ts';
import type { WeightView } from './weight-view.ts';

/** The magnitudes of DoRA: one for each output of a weight, or for each input. */
export interface Magnitude {
  readonly entry: TensorEntry;
  readonly axis: 'output' | 'input';
}

/**
 * Finds the magnitudes of a module. Files do not state over what the norm was taken, but the shapes tell:
 * - `dora_scale` of LyCORIS and OneTrainer is [out, 1 …] for one magnitude an output, as in the paper, or [1, inputs, 1 …] for
 *   one an input, which LyCORIS' first versions wrote. In one dimension it came from PEFT and is [out];
 * - `lora_magnitude_vector` of PEFT is always one an output: [out], or [1, out, 1, 1] for a convolution.
 */
export function readMagnitude(parts: Parts, { out, columns }: Change): Magnitude | null {
  const scale = parts.get('dora_scale');
  const vector = parts.get('magnitude');
  const entry = scale ?? vector;
  if (entry === undefined) return null;
  const count = entry.shape.reduce((total, size) => total * size, 1);
  if (Math.max(0, ...entry.shape) !== count) throw misshapen(entry, 'magnitudes lie along one dimension');
  const isInput = scale !== undefined && isOneEachInput(scale, out);
  if (isInput) {
    if (columns % count !== 0) throw misshapen(entry, `its weight has ${columns} columns`);
    return { entry, axis: 'input' };
  }
  if (count !== out) throw misshapen(entry, `its weight has ${out} outputs`);
  return { entry, axis: 'output' };
}

function isOneEachInput({ shape: [first, second] }: TensorEntry, out: number): boolean {
  return first === 1 && second !== undefined && (second > 1 || out > 1);
}

/** One weight of a decomposed change. */
export interface DecomposedPlace {
  readonly cut: Cut;
  /** Inputs of the weight, without its kernel. */
  readonly inputs: number;
  /** What is changed. */
  readonly weight: WeightView;
  /** The weight as the model has it, which another change may have left no longer in `weight`. */
  readonly original: WeightView;
  readonly write: WriteRow;
}

export interface Decomposition {
  readonly axis: Magnitude['axis'];
  readonly magnitudes: Float32Array;
  /** alpha/rank. */
  readonly scale: number;
  readonly strength: number;
  readonly columns: number;
}

/**
 * DoRA: W' = m · (W + ΔW) / ‖W + ΔW‖ (Liu et al. 2024, "DoRA: Weight-decomposed low-rank adaptation", equation 5), of which
 * strength · (W' − W) is added: at 0 nothing changes, at 1 the weight is W'. Norms over inputs go through all weights of a
 * fused layer, so these come together. Where W + ΔW is zero, W' is.
 */
export function addDecomposed(places: readonly DecomposedPlace[], decomposition: Decomposition): void {
  const { magnitudes, scale, strength } = decomposition;
  const squares = new Float64Array(magnitudes.length);
  for (const place of places) {
    forEachRow(place, decomposition, ({ original, change, groups }) => {
      for (let j = 0; j < change.length; j++) squares[groups[j]] += (original[j] + scale * change[j]) ** 2;
    });
  }
  const factors = squares.map((square, i) => (square > 0 ? magnitudes[i] / Math.sqrt(square) : 0));
  for (const place of places) {
    forEachRow(place, decomposition, ({ original, change, groups, at }) => {
      for (let j = 0; j < change.length; j++) {
        change[j] = factors[groups[j]] * (original[j] + scale * change[j]) - original[j];
      }
      place.weight.add(change, at, strength);
    });
  }
}

interface DecomposedRow {
  readonly original: Float64Array;
  readonly change: Float64Array;
  /** The magnitude of each element of the row. */
  readonly groups: Uint32Array;
  /** Where the row begins in the weight. */
  readonly at: number;
}

function forEachRow(
  { cut, inputs, original, write }: DecomposedPlace,
  { axis, columns }: Decomposition,
  visit: (row: DecomposedRow) => void,
): void {
  const outFirst = cut.order === 'out-in';
  const [rows, width] = outFirst ? [cut.count, columns] : [columns, cut.count];
  const kernel = columns / inputs;
  const row = { original: new Float64Array(width), change: new Float64Array(width) };
  const isOneEachRow = (axis === 'output') === outFirst;
  const groups = Uint32Array.from({ length: width }, (_, j) =>
    outFirst ? Math.floor(j / kernel) : cut.from + j,
  );
  for (let i = 0; i < rows; i++) {
    original.read(row.original, i * width);
    write(row.change, i);
    if (isOneEachRow) groups.fill(outFirst ? cut.from + i : i);
    visit({ ...row, groups, at: i * width });
  }
}

import { PackError } from '../catalog/pack-error.ts';
import type { TensorEntry, TensorIndex } from '../catalog/safetensors-file.ts';
import { type Change, misshapen, nameOf, type Parts } from './change.ts';
import { readDifference } from './difference.ts';
import { type Magnitude, readMagnitude } from './dora.ts';
import { readHadamard } from './hadamard.ts';
import { readKronecker } from './kronecker.ts';
import { readLowRank } from './low-rank.ts';
import { type PeftSettings, readPeftSettings } from './peft-settings.ts';
import { type LoraTarget, type ModulePlace, readModule, splitName, withKind } from './tensor-names.ts';

/** What a file adds to one parameter of a module. */
export interface LoraLayer {
  readonly target: LoraTarget;
  /** The module's path in its network, with underscores for dots. */
  readonly module: string;
  readonly parameter: 'weight' | 'bias';
  readonly change: Change;
  /** Stored as a tensor of one value; null: the change is not scaled. */
  readonly alpha: TensorEntry | number | null;
  /** Set for DoRA. */
  readonly magnitude: Magnitude | null;
}

export interface LoraLayers {
  readonly layers: readonly LoraLayer[];
  /** Names of tensors that are no part of a layer as understood here, with their kind where it is known. */
  readonly unread: readonly string[];
}

/**
 * Groups the tensors of a LoRA file into layers, by the names of kohya's scripts and LyCORIS, or of diffusers and PEFT.
 *
 * A module is left unread as a whole when one of its tensors is not understood, because that tensor may change what the
 * others mean. Throws PackError naming a tensor that is there twice, or whose shape does not fit the others of its module.
 */
export function readLayers({ tensors, metadata }: TensorIndex): LoraLayers {
  const groups = new Map<string, Group>();
  const unknown: string[] = [];
  for (const [name, entry] of tensors) {
    const found = splitName(name);
    const place = found && readModule(found.module);
    if (!found || !place) {
      unknown.push(name);
      continue;
    }
    const group = groups.get(keyOf(place)) ?? { place, parts: new Map() };
    const same = group.parts.get(found.part);
    if (same)
      throw new PackError('unsupported', `${nameOf(same)} and ${nameOf(entry)} are one tensor twice.`);
    group.parts.set(found.part, entry);
    groups.set(keyOf(place), group);
  }
  const refused = new Set(unknown.flatMap((name) => ownerOf(name, groups) ?? []));
  const settings = readPeftSettings(metadata);
  const layers: LoraLayer[] = [];
  const left: string[] = [];
  for (const group of groups.values()) {
    const own = refused.has(group) ? [] : readGroup(group, settings);
    layers.push(...own);
    if (own.length === 0) left.push(...[...group.parts.values()].map(({ name }) => name));
  }
  return { layers, unread: [...unknown, ...left].map(withKind) };
}

interface Group {
  readonly place: ModulePlace;
  readonly parts: Map<string, TensorEntry>;
}

function keyOf({ target, module: path }: ModulePlace): string {
  return `${target}:${path}`;
}

/** The module that a tensor of an unknown kind lies below. */
function ownerOf(name: string, groups: ReadonlyMap<string, Group>): Group | null {
  for (let at = name.lastIndexOf('.'); at > 0; at = name.lastIndexOf('.', at - 1)) {
    const place = readModule(name.slice(0, at));
    const group = place && groups.get(keyOf(place));
    if (group) return group;
  }
  return null;
}

/** A change of the weight and one of the bias, as far as they are there; nothing when something is missing or left over. */
function readGroup({ place, parts }: Group, settings: PeftSettings): readonly LoraLayer[] {
  const factored = [readLowRank(parts), readHadamard(parts), readKronecker(parts)].filter(
    (change) => change !== null,
  );
  const weights = [...factored, ...differencesOf(parts, ['diff', 'w_norm'])];
  const biases = differencesOf(parts, ['diff_b', 'b_norm']);
  requireOne(weights);
  requireOne(biases);
  const magnitude = factored.length > 0 ? readMagnitude(parts, factored[0]) : null;
  const alpha = parts.get('alpha') ?? null;
  const changes = [...weights, ...biases].flatMap(({ tensors }) => tensors);
  const used = [...changes, magnitude?.entry, alpha].filter((entry) => entry !== undefined && entry !== null);
  if (changes.length === 0 || used.length < parts.size) return [];
  if (alpha && alpha.shape.some((size) => size !== 1)) throw misshapen(alpha, 'it is one value');
  const { target, module: path } = place;
  const ofWeight = (change: Change): LoraLayer => {
    const stated = change.rank === null ? null : settings.alphaOf(place, change.rank);
    return { target, module: path, parameter: 'weight', change, alpha: alpha ?? stated, magnitude };
  };
  const ofBias = (change: Change): LoraLayer => {
    return { target, module: path, parameter: 'bias', change, alpha: null, magnitude: null };
  };
  return [...weights.map(ofWeight), ...biases.map(ofBias)];
}

function differencesOf(parts: Parts, names: readonly string[]): readonly Change[] {
  return names
    .map((name) => parts.get(name))
    .filter((entry) => entry !== undefined)
    .map(readDifference);
}

function requireOne(changes: readonly Change[]): void {
  const [first, second] = changes.map(({ tensors }) => tensors[0]);
  if (second) {
    throw new PackError('unsupported', `${nameOf(first)} and ${nameOf(second)} change the same parameter.`);
  }
}

import type { Change, Cut } from './change.ts';
import type { Magnitude } from './dora.ts';
import { fromFluxName } from './flux-names.ts';
import type { GraphWeight, GraphWeights } from './graph-weights.ts';
import type { LoraLayer } from './layers.ts';
import { fromLdmName } from './ldm-names.ts';

/** A layer with the weights of the graph that it changes: one, or several where it stands for fused ones. */
export interface LoraMatch {
  readonly layer: LoraLayer;
  readonly places: readonly LoraPlace[];
}

export interface LoraPlace {
  readonly weight: GraphWeight;
  readonly cut: Cut;
}

export interface LoraMatches {
  readonly matches: readonly LoraMatch[];
  /** Layers for which the graph has no weight of their name and shape. */
  readonly unmatched: readonly LoraLayer[];
}

/** Finds the weights of each layer by the module's path, and checks that the shapes fit. */
export function matchLayers({ weights }: GraphWeights, layers: readonly LoraLayer[]): LoraMatches {
  const exact = new Map(weights.map((weight) => [keyOf(weight.module, weight.parameter), weight]));
  const prefixes = sharedPrefixes(weights);
  const matches: LoraMatch[] = [];
  const unmatched: LoraLayer[] = [];
  for (const layer of layers) {
    const find = (name: string) =>
      prefixes
        .map((prefix) => exact.get(keyOf(prefix + name, layer.parameter)))
        .find((weight) => weight !== undefined);
    const places = matchWhole(layer, find) ?? matchFused(layer, find);
    if (places) matches.push({ layer, places });
    else unmatched.push(layer);
  }
  return { matches, unmatched };
}

function keyOf(module: string, parameter: GraphWeight['parameter']): string {
  return `${module}.${parameter}`;
}

type Find = (name: string) => GraphWeight | undefined;

function matchWhole(layer: LoraLayer, find: Find): readonly LoraPlace[] | null {
  const weight = namesOf(layer)
    .map(find)
    .find((found) => found !== undefined);
  const cut = weight && { from: 0, count: layer.change.out, order: weight.order };
  return cut && fits(layer, cut, weight) ? [{ weight, cut }] : null;
}

/** A layer of Flux's own code, whose outputs belong to several weights; null unless every one of them is there and fits. */
function matchFused(layer: LoraLayer, find: Find): readonly LoraPlace[] | null {
  const parts = layer.target === 'denoiser' ? fromFluxName(layer.module) : null;
  if (!parts) return null;
  const shares = parts.reduce((total, { share }) => total + share, 0);
  const places: LoraPlace[] = [];
  let from = 0;
  for (const { module: name, share } of parts) {
    const weight = find(name);
    if (!weight) return null;
    const cut = { from, count: (layer.change.out * share) / shares, order: weight.order };
    if (!fits(layer, cut, weight)) return null;
    places.push({ weight, cut });
    from += cut.count;
  }
  return places;
}

function namesOf({ module, target }: LoraLayer): readonly string[] {
  if (target === 'denoiser') return [module, fromLdmName(module) ?? module];
  // Newer encoders lost their outer module.
  return [module, module.replace(/^text_model_/, '')];
}

/** Exporters may wrap the network in modules of their own, with which every path then begins: nothing, or one of these. */
function sharedPrefixes(weights: readonly GraphWeight[]): readonly string[] {
  const matrices = weights.filter(({ dims }) => dims.length > 1);
  const [first = '', ...others] = matrices.map(({ module: path }) => path.split('_'));
  const shared: string[] = [];
  for (const [i, word] of [...first].entries()) {
    if (others.length === 0 || !others.every((words) => words[i] === word)) break;
    shared.push(word);
  }
  return ['', ...shared.map((_, i) => `${shared.slice(0, i + 1).join('_')}_`)];
}

function fits({ change, magnitude }: LoraLayer, { count }: Cut, weight: GraphWeight): boolean {
  const [first = 0, ...rest] = weight.dims;
  const others = rest.reduce((total, size) => total * size, 1);
  const [out, columns] = weight.order === 'out-in' ? [first, others] : [others, first];
  return out === count && columns === change.columns && magnitudeFits(magnitude, change, weight);
}

function magnitudeFits(magnitude: Magnitude | null, { out }: Change, weight: GraphWeight): boolean {
  if (magnitude === null) return true;
  const count = magnitude.entry.shape.reduce((total, size) => total * size, 1);
  return count === (magnitude.axis === 'output' ? out : inputsOf(weight));
}

/** Inputs of a weight, without its kernel. */
export function inputsOf({ dims, order }: GraphWeight): number {
  return (order === 'out-in' ? dims[1] : dims[0]) ?? 1;
}

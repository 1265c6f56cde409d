import type { TensorEntry, TensorIndex } from '../catalog/safetensors-file.ts';

/** Which graph of a model a layer belongs to; `denoiser` is the unet or the transformer. */
export type LoraTarget = 'denoiser' | 'text_encoder' | 'text_encoder_2' | 'text_encoder_3';

/**
 * A low-rank change of one weight (Hu et al. 2021, LoRA, section 4.1): W + strength · alpha/rank · up · down, with an
 * optional middle for convolutions (LoCon).
 */
export interface LoraLayer {
  readonly target: LoraTarget;
  /** The module's path in its network, with underscores for dots. */
  readonly module: string;
  /** [rank, in] or [rank, in, height, width]. */
  readonly down: TensorEntry;
  /** [out, rank] or [out, rank, 1, 1]. */
  readonly up: TensorEntry;
  /** [rank, rank, height, width]. */
  readonly mid: TensorEntry | null;
  /** Stored as a tensor of one value; null: equal to the rank. */
  readonly alpha: TensorEntry | number | null;
}

export interface LoraLayers {
  readonly layers: readonly LoraLayer[];
  /** Names of tensors that are no part of a layer as understood here (LoHa, LoKr, DoRA magnitudes …). */
  readonly unread: readonly string[];
}

type Part = 'down' | 'up' | 'mid' | 'alpha';

const SUFFIXES: readonly (readonly [RegExp, Part])[] = [
  [/\.(?:lora_down|lora_A(?:\.\w+)?|lora\.down|lora_linear_layer\.down)\.weight$/, 'down'],
  [/\.(?:lora_up|lora_B(?:\.\w+)?|lora\.up|lora_linear_layer\.up)\.weight$/, 'up'],
  [/\.lora_mid\.weight$/, 'mid'],
  [/\.alpha$/, 'alpha'],
];
/** The oldest names of diffusers: `….attn1.processor.to_q_lora.down.weight`. */
const PROCESSOR = /\.processor\.(to_q|to_k|to_v|to_out)_lora\.(down|up)\.weight$/;

/** kohya-ss/sd-scripts: `lora_unet_…`, with underscores throughout. */
const UNDERSCORED: readonly (readonly [string, LoraTarget])[] = [
  ['lora_unet_', 'denoiser'],
  ['lora_transformer_', 'denoiser'],
  ['lora_te_', 'text_encoder'],
  ['lora_te1_', 'text_encoder'],
  ['lora_te2_', 'text_encoder_2'],
  ['lora_te3_', 'text_encoder_3'],
];
/** diffusers and PEFT: the module's own path behind its component. */
const DOTTED: readonly (readonly [string, LoraTarget])[] = [
  ['unet.', 'denoiser'],
  ['transformer.', 'denoiser'],
  ['diffusion_model.', 'denoiser'],
  ['text_encoder.', 'text_encoder'],
  ['text_encoder_2.', 'text_encoder_2'],
  ['text_encoder_3.', 'text_encoder_3'],
];

/** Groups the tensors of a LoRA file into layers, by the names of kohya's scripts or of diffusers and PEFT. */
export function readLayers({ tensors, metadata }: TensorIndex): LoraLayers {
  const groups = new Map<string, { readonly place: readonly [LoraTarget, string] } & Parts>();
  const unread: string[] = [];
  for (const [name, entry] of tensors) {
    const found = splitName(name);
    const place = found && readModule(found.module);
    if (!found || !place) {
      unread.push(name);
      continue;
    }
    const group = groups.get(place.join(':')) ?? { place, names: [] };
    group[found.part] = entry;
    group.names.push(name);
    groups.set(place.join(':'), group);
  }
  const alphas = readAlphas(metadata);
  const layers: LoraLayer[] = [];
  for (const { place, names, down, up, mid = null, alpha } of groups.values()) {
    const [target, path] = place;
    if (down && up) {
      layers.push({ target, module: path, down, up, mid, alpha: alpha ?? alphas.get(target) ?? null });
    } else unread.push(...names);
  }
  return { layers, unread };
}

interface Parts {
  readonly names: string[];
  down?: TensorEntry;
  up?: TensorEntry;
  mid?: TensorEntry;
  alpha?: TensorEntry;
}

function splitName(name: string): { readonly module: string; readonly part: Part } | null {
  const old = PROCESSOR.exec(name);
  if (old) {
    const [suffix, projection, part] = old;
    const path = `${name.slice(0, -suffix.length)}.${projection === 'to_out' ? 'to_out.0' : projection}`;
    return { module: path, part: part === 'down' ? 'down' : 'up' };
  }
  for (const [suffix, part] of SUFFIXES) {
    const found = suffix.exec(name);
    if (found) return { module: name.slice(0, found.index), part };
  }
  return null;
}

function readModule(name: string): readonly [LoraTarget, string] | null {
  for (const [prefix, target] of UNDERSCORED) {
    if (name.startsWith(prefix)) return [target, name.slice(prefix.length)];
  }
  const path = name.replace(/^base_model\.model\./, '');
  for (const [prefix, target] of DOTTED) {
    if (path.startsWith(prefix)) return [target, path.slice(prefix.length).replaceAll('.', '_')];
  }
  return path.includes('.') ? ['denoiser', path.replaceAll('.', '_')] : null;
}

/** diffusers writes PEFT's settings into the metadata; without them alpha equals the rank. */
function readAlphas(metadata: ReadonlyMap<string, string>): ReadonlyMap<LoraTarget, number> {
  const alphas = new Map<LoraTarget, number>();
  const text = metadata.get('lora_adapter_metadata');
  if (text === undefined) return alphas;
  let settings: unknown;
  try {
    settings = JSON.parse(text);
  } catch {
    return alphas;
  }
  for (const [name, value] of Object.entries(Object(settings))) {
    const found = DOTTED.find(([prefix]) => name === `${prefix}lora_alpha`);
    if (found && typeof value === 'number' && Number.isFinite(value)) alphas.set(found[1], value);
  }
  return alphas;
}

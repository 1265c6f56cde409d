/** Which graph of a model a layer belongs to; `denoiser` is the unet or the transformer. */
export type LoraTarget = 'denoiser' | 'text_encoder' | 'text_encoder_2' | 'text_encoder_3';

/** A module of one of the graphs. */
export interface ModulePlace {
  readonly target: LoraTarget;
  /** Its path in its network, as the file writes it. */
  readonly path: string;
  /** The same with underscores for dots. */
  readonly module: string;
}

const NAMES: readonly (readonly [RegExp, string])[] = [
  [/\.(?:lora_down|lora_A(?:\.\w+)?|lora\.down|lora_linear_layer\.down)\.weight$/, 'down'],
  [/\.(?:lora_up|lora_B(?:\.\w+)?|lora\.up|lora_linear_layer\.up)\.weight$/, 'up'],
  [/\.lora_mid\.weight$/, 'mid'],
  [/\.lora_magnitude_vector(?:\.\w+)?(?:\.weight)?$/, 'magnitude'],
  // Names that LyCORIS gives a tensor directly below its module; PEFT has the same ones for LoHa and LoKr.
  [/\.(alpha|dora_scale|hada_w[12]_[ab]|hada_t[12]|lokr_w[12](?:_[ab])?|lokr_t2|diff(?:_b)?|[wb]_norm)$/, ''],
];
/** The oldest names of diffusers: `….attn1.processor.to_q_lora.down.weight`. */
const PROCESSOR = /\.processor\.(to_q|to_k|to_v|to_out)_lora\.(down|up)\.weight$/;

/** Kinds of change that are known and not read, by the names of their tensors. */
const OTHER_KINDS: readonly (readonly [RegExp, string])[] = [
  [/\.(?:oft|boft)_\w+(?:\.\w+)*$/, 'OFT or BOFT'],
  [/\.[ab][12]\.weight$|\.bm\.weight$/, 'GLoRA'],
  [/\.on_input$|\.ia3_l(?:\.\w+)*$/, '(IA)³'],
  [/\.wd_for_diff$/, 'DoRA of the difference alone'],
  [/\.lora_[AB](?:\.\w+)?\.bias$/, 'a bias of the factors'],
  [/\.lora_embedding_[AB](?:\.\w+)?$/, 'LoRA of an embedding'],
  [/\.(?:reshape|set)_weight$/, 'a weight of another shape'],
];

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
export const COMPONENTS: readonly (readonly [string, LoraTarget])[] = [
  ['unet.', 'denoiser'],
  ['transformer.', 'denoiser'],
  ['diffusion_model.', 'denoiser'],
  ['text_encoder.', 'text_encoder'],
  ['text_encoder_2.', 'text_encoder_2'],
  ['text_encoder_3.', 'text_encoder_3'],
];

/** Tells the module and the part of it that a tensor is, or null for a name that is not known. */
export function splitName(name: string): { readonly module: string; readonly part: string } | null {
  const old = PROCESSOR.exec(name);
  if (old) {
    const [suffix, projection, part] = old;
    const path = `${name.slice(0, -suffix.length)}.${projection === 'to_out' ? 'to_out.0' : projection}`;
    return { module: path, part };
  }
  for (const [suffix, part] of NAMES) {
    const found = suffix.exec(name);
    if (found) return { module: name.slice(0, found.index), part: part || found[1] };
  }
  return null;
}

/** Returns the module that a name stands for, or null when it stands for none. */
export function readModule(name: string): ModulePlace | null {
  for (const [prefix, target] of UNDERSCORED) {
    if (name.startsWith(prefix)) return placeOf(target, name.slice(prefix.length));
  }
  const path = name.replace(/^base_model\.model\./, '');
  for (const [prefix, target] of COMPONENTS) {
    if (path.startsWith(prefix)) return placeOf(target, path.slice(prefix.length));
  }
  return path.includes('.') ? placeOf('denoiser', path) : null;
}

function placeOf(target: LoraTarget, path: string): ModulePlace {
  return { target, path, module: path.replaceAll('.', '_') };
}

/** Adds its kind to the name of a tensor that is not read, where the kind is known. */
export function withKind(name: string): string {
  const kind = OTHER_KINDS.find(([pattern]) => pattern.test(name))?.[1];
  return kind === undefined ? name : `${name} (${kind})`;
}

/**
 * Names of Flux's own code (black-forest-labs/flux, modules/layers.py), which kohya's scripts and others use for LoRA files.
 * Where diffusers has several layers, that code has one with their outputs one after the other.
 */

/** A layer of diffusers and its share of the fused layer's outputs. */
export interface FusedPart {
  readonly module: string;
  readonly share: number;
}

/** Inside a block of two streams. The name on the right of an arrow is in diffusers' `transformer_blocks`. */
const DOUBLE: Readonly<Record<string, readonly string[]>> = {
  img_attn_qkv: ['attn_to_q', 'attn_to_k', 'attn_to_v'],
  img_attn_proj: ['attn_to_out_0'],
  img_mlp_0: ['ff_net_0_proj'],
  img_mlp_2: ['ff_net_2'],
  img_mod_lin: ['norm1_linear'],
  txt_attn_qkv: ['attn_add_q_proj', 'attn_add_k_proj', 'attn_add_v_proj'],
  txt_attn_proj: ['attn_to_add_out'],
  txt_mlp_0: ['ff_context_net_0_proj'],
  txt_mlp_2: ['ff_context_net_2'],
  txt_mod_lin: ['norm1_context_linear'],
};
/** The hidden width of the network within a block is four times its width. */
const MLP_RATIO = 4;
const SINGLE: Readonly<Record<string, readonly FusedPart[]>> = {
  linear1: [
    { module: 'attn_to_q', share: 1 },
    { module: 'attn_to_k', share: 1 },
    { module: 'attn_to_v', share: 1 },
    { module: 'proj_mlp', share: MLP_RATIO },
  ],
  linear2: [{ module: 'proj_out', share: 1 }],
  modulation_lin: [{ module: 'norm_linear', share: 1 }],
};

/** Returns the layers of diffusers for a layer named as in Flux's code, or null when it is not named so. */
export function fromFluxName(module: string): readonly FusedPart[] | null {
  const found = /^(double|single)_blocks_(\d+)_(.+)$/.exec(module);
  if (!found) return null;
  const [, kind, number, rest] = found;
  if (kind === 'double') {
    if (!Object.hasOwn(DOUBLE, rest)) return null;
    return DOUBLE[rest].map((name) => ({ module: `transformer_blocks_${number}_${name}`, share: 1 }));
  }
  if (!Object.hasOwn(SINGLE, rest)) return null;
  return SINGLE[rest].map(({ module: name, share }) => ({
    module: `single_transformer_blocks_${number}_${name}`,
    share,
  }));
}

/**
 * kohya's scripts name the layers of SDXL after Stability's own code (generative-models, openaimodel.py), where a block is
 * a number in one list of inputs and one of outputs. The rules here give the same layer its name in diffusers.
 */

const RESNET: readonly (readonly [string, string])[] = [
  ['in_layers_2', 'conv1'],
  ['emb_layers_1', 'time_emb_proj'],
  ['out_layers_3', 'conv2'],
  ['skip_connection', 'conv_shortcut'],
];
const WHOLE: Readonly<Record<string, string>> = {
  input_blocks_0_0: 'conv_in',
  out_2: 'conv_out',
  time_embed_0: 'time_embedding_linear_1',
  time_embed_2: 'time_embedding_linear_2',
  label_emb_0_0: 'add_embedding_linear_1',
  label_emb_0_2: 'add_embedding_linear_2',
};
/** Residual blocks of one resolution on the way down; one more, and a resampling, make the stride of the lists. */
const STRIDE = 3;

/** Returns the name in diffusers for a layer named as in Stability's code, or null when it is not named so. */
export function fromLdmName(module: string): string | null {
  if (Object.hasOwn(WHOLE, module)) return WHOLE[module];
  const middle = /^middle_block_(\d)_(.+)$/.exec(module);
  if (middle) {
    const [, part, rest] = middle;
    return part === '1'
      ? `mid_block_attentions_0_${rest}`
      : resnet(`mid_block_resnets_${Number(part) / 2}`, rest);
  }
  const block = /^(input|output)_blocks_(\d+)_(\d)_(.+)$/.exec(module);
  if (!block) return null;
  const [, side, number, part, rest] = block;
  const isInput = side === 'input';
  const at = Number(number) - (isInput ? 1 : 0);
  const level = Math.floor(at / STRIDE);
  const within = at % STRIDE;
  const name = `${isInput ? 'down' : 'up'}_blocks_${level}`;
  if (rest === 'op') return `${name}_downsamplers_0_conv`;
  if (rest === 'conv') return `${name}_upsamplers_0_conv`;
  if (part === '0') return resnet(`${name}_resnets_${within}`, rest);
  return `${name}_attentions_${within}_${rest}`;
}

function resnet(block: string, rest: string): string | null {
  const found = RESNET.find(([theirs]) => theirs === rest);
  return found ? `${block}_${found[1]}` : null;
}

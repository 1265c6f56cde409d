import {
  castForGraph,
  type HostTensor,
  type TensorData,
  type TensorInfo,
  type TensorType,
} from './tensor.ts';

/**
 * Binds what a pipeline wants to say to what a graph calls it. Exporters disagree on names, element types and on whether
 * the timestep is a scalar or one value a sample; the graph's own metadata decides.
 */

/** Other names seen for the same input, by exporter: optimum, diffusers' scripts, Olive, Amuse. */
const INPUT_ALIASES: Readonly<Record<string, readonly string[]>> = {
  sample: ['sample', 'hidden_states', 'latent', 'latents', 'latent_model_input', 'x'],
  timestep: ['timestep', 'timesteps', 't'],
  encoder_hidden_states: ['encoder_hidden_states', 'context', 'text_hidden_states'],
  latent_sample: ['latent_sample', 'latent', 'latents', 'z', 'sample'],
  image: ['sample', 'image', 'pixel_values', 'images'],
  input_ids: ['input_ids', 'tokens', 'ids'],
  text_embeds: ['text_embeds', 'pooled_projections', 'add_text_embeds'],
  time_ids: ['time_ids', 'add_time_ids'],
  timestep_cond: ['timestep_cond', 'guidance_embedding'],
};

const OUTPUT_ALIASES: Readonly<Record<string, readonly string[]>> = {
  out_sample: ['out_sample', 'noise_pred', 'out_hidden_states', 'sample', 'output'],
  latent_parameters: ['latent_parameters', 'moments'],
  latent_sample: ['latent_sample', 'latents'],
  decoded: ['sample', 'image', 'images', 'out_sample'],
  last_hidden_state: ['last_hidden_state', 'hidden_state'],
  pooler_output: ['pooler_output', 'pooled_output'],
};

export interface BoundTensor {
  readonly type: TensorType;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/** Thrown when a graph and a pipeline cannot agree; the message names both sides. */
export class BindingError extends Error {
  override readonly name = 'BindingError';
}

/** Returns the graph's own name for a canonical input name, or null when the graph has no such input. */
export function resolveInput(name: string, inputs: readonly TensorInfo[]): string | null {
  return resolveName(INPUT_ALIASES[name] ?? [name], inputs);
}

/**
 * Returns the graph's own name for a canonical output name, or null. A graph with a single output has no other choice, so
 * its name does not matter.
 */
export function resolveOutput(name: string, outputs: readonly TensorInfo[]): string | null {
  return (
    resolveName(OUTPUT_ALIASES[name] ?? [name], outputs) ?? (outputs.length === 1 ? outputs[0].name : null)
  );
}

/**
 * Returns the tensors to run a graph with, under the graph's names and in its element types.
 *
 * `feeds`: by canonical name. A feed of shape [B] for a scalar input must hold one value B times.
 * Throws BindingError for a missing or unknown input and for a rank or fixed size that does not fit.
 */
export function bindFeeds(
  feeds: Readonly<Record<string, HostTensor>>,
  inputs: readonly TensorInfo[],
): Readonly<Record<string, BoundTensor>> {
  const bound: Record<string, BoundTensor> = {};
  for (const [name, tensor] of Object.entries(feeds)) {
    const graphName = resolveInput(name, inputs);
    const info = inputs.find((input) => input.name === graphName);
    if (info === undefined) {
      throw new BindingError(`the graph has no input for '${name}'; it has ${listNames(inputs)}`);
    }
    bound[info.name] = bindTensor(tensor, info);
  }
  const missing = inputs.filter((input) => !Object.hasOwn(bound, input.name));
  if (missing.length > 0) {
    throw new BindingError(
      `the graph needs ${listNames(missing)}, which this pipeline does not provide (it gives ${Object.keys(feeds).join(', ')})`,
    );
  }
  return bound;
}

function bindTensor(tensor: HostTensor, info: TensorInfo): BoundTensor {
  const fitted = fitRank(tensor, info);
  const fits =
    fitted.shape.length === info.shape.length &&
    info.shape.every((size, axis) => typeof size === 'string' || size === fitted.shape[axis]);
  if (!fits) {
    throw new BindingError(
      `input '${info.name}' takes shape [${info.shape.join(', ')}], not [${tensor.shape.join(', ')}]`,
    );
  }
  return { type: info.type, shape: fitted.shape, data: castForGraph(fitted.data, info.type) };
}

/** Optimum exports the timestep as a scalar (or one element); a feed that repeats one value fits there too. */
function fitRank(tensor: HostTensor, info: TensorInfo): HostTensor {
  const wantsOne = info.shape.length === 0 || (info.shape.length === 1 && info.shape[0] === 1);
  if (!wantsOne || tensor.shape.length !== 1) {
    return tensor;
  }
  const { data } = tensor;
  for (let i = 1; i < data.length; i += 1) {
    if (data[i] !== data[0]) {
      throw new BindingError(
        `input '${info.name}' takes one value for the whole batch, but the values differ`,
      );
    }
  }
  return { shape: info.shape.length === 0 ? [] : [1], data: data.slice(0, 1) };
}

function resolveName(names: readonly string[], infos: readonly TensorInfo[]): string | null {
  return names.find((name) => infos.some((info) => info.name === name)) ?? null;
}

function listNames(infos: readonly TensorInfo[]): string {
  return infos.map((info) => `'${info.name}'`).join(', ') || 'none';
}

import type { Rng } from '../../core/types.ts';
import { countElements, floatData, type HostTensor } from '../../runtime/tensor.ts';
import { type Component, configNumber, type ModelFolder } from './model-folder.ts';

/** The autoencoder of a latent diffusion model (Rombach et al. 2022). */
export interface Vae {
  /** Pixels per latent along one side. */
  readonly scale: number;
  readonly latentChannels: number;
  /**
   * Returns latents of pictures [N, 3, H, W] in -1 … 1, times the scaling factor.
   * Draws one tensor of noise for the posterior where the graph returns its parameters.
   */
  encode(pictures: HostTensor, rng: Rng): Promise<HostTensor>;
  /** Returns the posterior's mean, without the scaling factor; draws nothing. */
  encodeMode(pictures: HostTensor): Promise<HostTensor>;
  /** Returns what the decoder is given for latents: unscaled, unshifted. */
  toDecoderInput(latents: HostTensor): HostTensor;
  /** Returns raw decoder output for `toDecoderInput` latents, usually within -1 … 1. */
  decode(decoderInput: HostTensor): Promise<HostTensor>;
}

/** Opens the autoencoder; the encoder is opened when first used. */
export async function openVae(folder: ModelFolder): Promise<Vae> {
  const decoder = await folder.open('vae_decoder');
  const factor = configNumber(decoder.config, 'scaling_factor', 0.18215);
  const shift = configNumber(decoder.config, 'shift_factor', 0);
  const blocks = decoder.config.block_out_channels;
  const encoder = (): Promise<Component> => folder.open('vae_encoder');
  return {
    scale: Array.isArray(blocks) ? 2 ** (blocks.length - 1) : 8,
    latentChannels: configNumber(decoder.config, 'latent_channels', 4),
    async encode(pictures, rng) {
      const latents = await encodeSampled(await encoder(), pictures, rng);
      const f = Math.fround(factor);
      return {
        shape: latents.shape,
        data: floatData(latents).map((value) => Math.fround(value - shift) * f),
      };
    },
    async encodeMode(pictures) {
      const { session } = await encoder();
      if (!session.outputs.some((output) => output.name === 'latent_parameters')) {
        return session.runForOutput({ image: pictures }, 'latent_sample');
      }
      const parameters = await session.runForOutput({ image: pictures }, 'latent_parameters');
      return splitParameters(parameters).mean;
    },
    toDecoderInput(latents) {
      const f = Math.fround(factor);
      return {
        shape: latents.shape,
        data: floatData(latents).map((value) => Math.fround(value / f) + Math.fround(shift)),
      };
    },
    decode: (decoderInput) => decoder.session.runForOutput({ latent_sample: decoderInput }, 'decoded'),
  };
}

/** Samples mean + exp(logvar / 2) · noise; a graph that samples by itself is taken at its word. */
async function encodeSampled(encoder: Component, pictures: HostTensor, rng: Rng): Promise<HostTensor> {
  const { session } = encoder;
  if (!session.outputs.some((output) => output.name === 'latent_parameters')) {
    return session.runForOutput({ image: pictures }, 'latent_sample');
  }
  const parameters = await session.runForOutput({ image: pictures }, 'latent_parameters');
  const { mean, logVariance } = splitParameters(parameters);
  const noise = new Float32Array(mean.data.length);
  rng.randn(noise);
  const means = floatData(mean);
  const data = means.map((value, i) => {
    const clamped = Math.min(Math.max(logVariance[i], -30), 20);
    return value + Math.fround(Math.exp(0.5 * clamped)) * noise[i];
  });
  return { shape: mean.shape, data };
}

function splitParameters(parameters: HostTensor): {
  readonly mean: HostTensor;
  readonly logVariance: Float32Array;
} {
  const [batch, doubled, ...rest] = parameters.shape;
  const shape = [batch, doubled / 2, ...rest];
  const row = countElements(shape.slice(1));
  const mean = new Float32Array(batch * row);
  const logVariance = new Float32Array(batch * row);
  const values = floatData(parameters);
  for (let i = 0; i < batch; i += 1) {
    mean.set(values.subarray(2 * i * row, (2 * i + 1) * row), i * row);
    logVariance.set(values.subarray((2 * i + 1) * row, (2 * i + 2) * row), i * row);
  }
  return { mean: { shape, data: mean }, logVariance };
}

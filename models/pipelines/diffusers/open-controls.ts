import { float32Tensor } from '../../runtime/tensor.ts';
import { PipelineError } from '../pipeline-error.ts';
import type { ControlInput } from './control-nets.ts';
import type { Component, ModelFolder } from './model-folder.ts';

/** The part of a request that is about maps to follow. */
export interface ControlRequest {
  readonly controls?: readonly Omit<ControlInput, 'net'>[];
  /** Names of the control networks' folders, one for each entry of `controls`. */
  readonly controlNets?: readonly string[];
  /** Lets the nets guess without a prompt: only the positive branch follows the maps, and its shallow layers less. */
  readonly guessMode?: boolean;
}

interface ControlParts {
  readonly folder: ModelFolder;
  readonly unet: Component;
  /** Of the latents. */
  readonly shape: readonly number[];
  /** Pixels a latent. */
  readonly scale: number;
}

/**
 * Opens the control networks of a request. Throws PipelineError `bad-input` when there is not one for each map, `unsupported`
 * when the denoiser cannot be run without one and the model has none.
 */
export async function openControls(
  request: ControlRequest,
  parts: ControlParts,
): Promise<readonly ControlInput[]> {
  const { controls = [], controlNets = [] } = request;
  const { folder } = parts;
  if (controls.length !== controlNets.length) {
    throw new PipelineError(
      'bad-input',
      `There are ${controls.length} control maps for ${controlNets.length} control networks.`,
    );
  }
  if (controls.length === 0) return openIdleControl(parts);
  return Promise.all(
    controls.map(async (control, i) => ({ ...control, net: await folder.open(controlNets[i]) })),
  );
}

/** A network exported for control wants residuals on every run; where no map is followed they are a control's, times 0. */
async function openIdleControl({
  folder,
  unet,
  shape,
  scale,
}: ControlParts): Promise<readonly ControlInput[]> {
  if (!unet.session.hasInput('mid_block_additional_residual')) return [];
  const name = folder.find('controlnet');
  if (name === null) {
    throw new PipelineError(
      'unsupported',
      'This denoiser was exported for a control network, and the model has none: put one into its folder, named for ' +
        'example controlnet_canny, and add the model again.',
    );
  }
  const [height, width] = [shape[2] * scale, shape[3] * scale];
  const map = float32Tensor([1, 3, height, width], new Float32Array(3 * height * width));
  return [{ net: await folder.open(name), map, scale: 0, start: 0, end: 1 }];
}

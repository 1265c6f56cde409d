import { AppError } from '../../../platform/errors.ts';
import type { PackAbilities } from '../../../shared/contracts/abilities.ts';
import type { UpscaleScale } from '../../../shared/contracts/recipe.ts';
import { refuseUpscale } from '../../../shared/contracts/upscale.ts';
import type { CanvasModel, ImageLayer, LayerId, Rect, Transform } from '../../../shared/document/schema.ts';
import { boundsOf } from '../../../shared/geometry/matrix.ts';
import type { RequestPlan } from './plan.ts';

/** Which picture of a canvas to make larger, and how many times. */
export interface UpscaleChoice {
  readonly layerId: LayerId;
  readonly scale: UpscaleScale;
}

/** What a plan rests on beside the canvas and the choice. */
interface UpscaleGrounds {
  /** Of the pack that the canvas draws with. */
  readonly abilities: PackAbilities;
  /** Of the stored picture; null when the team has none. What the layer says of its size is only a claim. */
  readonly size: { readonly width: number; readonly height: number } | null;
}

/** The layer to enlarge. Errors: `bad_input` when the canvas has no such picture. */
export function pictureToEnlarge(canvas: CanvasModel, id: LayerId): ImageLayer {
  const layer = canvas.layers.find((one) => one.id === id);
  if (layer?.kind === 'image') return layer;
  throw new AppError('bad_input', 'This picture is not on the canvas any more.', {
    fix: 'Choose another one.',
  });
}

/**
 * The request to enlarge a picture of the canvas. The result lies exactly over its layer, whatever was done to that. Errors:
 * `bad_input` when the pack does not enlarge or the result would be too large or too small.
 */
export function planUpscale(
  canvas: CanvasModel,
  { layerId, scale }: UpscaleChoice,
  { abilities, size }: UpscaleGrounds,
): RequestPlan {
  const layer = pictureToEnlarge(canvas, layerId);
  const { pack } = canvas.settings;
  if (!abilities.upscale) {
    throw new AppError('bad_input', `The model ${pack} does not enlarge pictures.`, {
      fix: 'Choose a model that does.',
    });
  }
  if (size === null) {
    throw new AppError('bad_input', 'The picture is missing from the store.', {
      fix: 'Add it again, or choose another one.',
    });
  }
  const refusal = refuseUpscale(size, scale);
  if (refusal !== null) throw new AppError('bad_input', refusal.message, { fix: refusal.fix });
  const [width, height] = [size.width * scale, size.height * scale];
  return {
    request: {
      pool: 'image',
      pack,
      mode: 'upscale',
      prompt: layer.name,
      negativePrompt: '',
      seed: 0,
      count: 1,
      width,
      height,
      steps: 1,
      guidanceScale: 0,
      solver: 'flow-euler',
      strength: 1,
      imageGuidanceScale: 0,
      arithmetic: 'exact',
      frame: frameAround(layer),
      maskLayerIds: [],
      source: { kind: 'assets', source: layer.asset, mask: null },
      controls: [],
      reference: null,
      scale,
      placement: { transform: placedOver(layer, width, height), above: layer.id },
      parentOutputId: null,
    },
    inputs: [{ role: 'layer', assetHash: layer.asset, layerId: layer.id, outputId: layer.outputId }],
  };
}

/** The transform that puts so many pixels where the layer's own are. */
function placedOver(layer: ImageLayer, width: number, height: number): Transform {
  const [x, y, scaleX, scaleY, degrees] = layer.transform;
  return [x, y, (scaleX * layer.width) / width, (scaleY * layer.height) / height, degrees];
}

/** Longest side of a frame in canvas pixels. */
const longestFrame = 8_192;

/** Where progress is shown: the upright box around the layer. */
function frameAround({ transform, width, height }: ImageLayer): Rect {
  const box = boundsOf(transform, width, height);
  const side = (length: number) => Math.min(Math.max(length, 1), longestFrame);
  return [box.x, box.y, side(box.width), side(box.height)];
}

import type { HouseImageModel } from '../../models/pipelines/house/model.ts';
import { upscalePicture } from '../../models/pipelines/house/upscale.ts';
import type { RgbPicture } from '../../models/pipelines/image/picture.ts';
import type { UpscaleScale } from '../../shared/contracts/recipe.ts';

/** A picture enlarged by tiles, as `gesso upscale` does it. */
export async function enlargeByTiles(
  model: HouseImageModel,
  picture: RgbPicture,
  scale: UpscaleScale,
): Promise<RgbPicture> {
  const work = upscalePicture(picture, scale, { model, signal: new AbortController().signal });
  let turn = await work.next();
  while (turn.done !== true) turn = await work.next();
  return turn.value;
}

import type { GrayPicture, RgbPicture } from '../../models/pipelines/image/picture.ts';
import { fillFromOutside } from '../../models/pipelines/image/seam.ts';
import type { GenerationMode } from '../../shared/contracts/recipe.ts';
import type { Composition } from '../compose/compose.ts';
import { TaskError } from './task.ts';

/** The pictures a pipeline is given. */
export interface ImageSource {
  readonly source: RgbPicture | null;
  readonly mask: GrayPicture | null;
}

/**
 * What of a composition goes into the pipeline. Parts without pixels are filled from their surroundings where a whole
 * picture is needed; inpaint repaints them along with the mask, extend repaints exactly them. Throws TaskError when the
 * composed pixels contradict the mode.
 */
export function chooseSource(mode: GenerationMode, composition: Composition): ImageSource {
  const { width, height } = composition;
  const picture: RgbPicture = { width, height, data: composition.rgb };
  const missing: GrayPicture = { width, height, data: composition.coverage.map((value) => 255 - value) };
  switch (mode) {
    case 'text-to-image':
      return { source: null, mask: null };
    case 'image-to-image':
    case 'instruct':
      requirePixels(composition);
      return { source: fillHoles(picture, composition), mask: null };
    case 'inpaint': {
      requirePixels(composition);
      if (composition.mask === null || composition.mask.every((value) => value === 0)) {
        throw new TaskError(
          'bad_input',
          'No mask covers anything inside the frame.',
          'Paint over what should change.',
        );
      }
      const data = composition.mask.map((value, i) => Math.max(value, missing.data[i]));
      return { source: fillHoles(picture, composition), mask: { width, height, data } };
    }
    case 'extend':
      requirePixels(composition);
      if (missing.data.every((value) => value === 0)) {
        throw new TaskError(
          'bad_input',
          'The frame is full of picture already, so there is nothing to extend.',
          'Move the frame over the edge of a picture.',
        );
      }
      return { source: picture, mask: missing };
    case 'upscale':
      throw new Error('an enlargement is made of a stored picture, not of what the canvas shows');
  }
}

function requirePixels(composition: Composition): void {
  if (composition.coverage.some((value) => value > 0)) return;
  throw new TaskError(
    'bad_input',
    'Nothing can be seen inside the frame to start from.',
    'Move the frame over a picture, or generate from text.',
  );
}

function fillHoles(picture: RgbPicture, { coverage }: Composition): RgbPicture {
  if (coverage.every((value) => value > 0)) return picture;
  const holes = { ...picture, data: coverage.map((value) => (value === 0 ? 255 : 0)) };
  return fillFromOutside(picture, holes);
}

import { checkPicture } from './image/picture.ts';
import type { ImageRequest } from './image-request.ts';
import { PipelineError } from './pipeline-error.ts';

/** Throws PipelineError when the pictures of a request do not fit its mode or size. */
export function checkRequestPictures(request: ImageRequest): void {
  const { mode, source, mask } = request;
  if (mode !== 'text-to-image' && source === null) {
    throw new PipelineError('bad-input', `${mode} needs a source picture.`);
  }
  if ((mode === 'inpaint' || mode === 'extend') && mask === null) {
    throw new PipelineError('bad-input', `${mode} needs a mask of what to repaint.`);
  }
  if (mask !== null && mask.data.every((value) => value === 0)) {
    throw new PipelineError('bad-input', 'The mask is empty: paint over what should change.');
  }
  const frame = `${request.width} × ${request.height}`;
  // An enlarged picture is so many times larger than what it is made from, every other as large.
  const scale = mode === 'upscale' ? (request.scale ?? 1) : 1;
  const pictures = [
    ['source', source, 3],
    ['mask', mask, 1],
  ] as const;
  for (const [name, picture, channels] of pictures) {
    if (
      picture !== null &&
      (picture.width * scale !== request.width || picture.height * scale !== request.height)
    ) {
      throw new PipelineError(
        'bad-input',
        `The ${name} is ${picture.width} × ${picture.height}, but the picture to make is ${frame}.`,
      );
    }
    if (picture !== null) {
      checkPicture(picture, channels, name);
    }
  }
}

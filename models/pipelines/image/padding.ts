import type { FloatPicture } from './picture.ts';

/** Networks take sizes in steps of some pixels; a picture of another size lies in the middle of the next larger one. */
export interface PaddedFrame {
  /** Size that the network works at. */
  readonly outerWidth: number;
  readonly outerHeight: number;
  /** Where the picture lies in it. */
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export function padToMultiple(width: number, height: number, multiple: number): PaddedFrame {
  const outerWidth = Math.ceil(width / multiple) * multiple;
  const outerHeight = Math.ceil(height / multiple) * multiple;
  return {
    outerWidth,
    outerHeight,
    left: (outerWidth - width) >> 1,
    top: (outerHeight - height) >> 1,
    width,
    height,
  };
}

/** Returns the picture inside its frame, edges repeated outwards. */
export function padPicture(picture: FloatPicture, frame: PaddedFrame): FloatPicture {
  const { channels } = picture;
  const { outerWidth, outerHeight } = frame;
  const data = new Float32Array(outerWidth * outerHeight * channels);
  for (let y = 0; y < outerHeight; y += 1) {
    const fromY = Math.min(Math.max(y - frame.top, 0), picture.height - 1);
    for (let x = 0; x < outerWidth; x += 1) {
      const fromX = Math.min(Math.max(x - frame.left, 0), picture.width - 1);
      const from = (fromY * picture.width + fromX) * channels;
      data.set(picture.data.subarray(from, from + channels), (y * outerWidth + x) * channels);
    }
  }
  return { width: outerWidth, height: outerHeight, channels, data };
}

/** Returns the part of a framed picture that was asked for. */
export function cropPicture(picture: FloatPicture, frame: PaddedFrame): FloatPicture {
  const { channels } = picture;
  const { width, height, left, top, outerWidth } = frame;
  const data = new Float32Array(width * height * channels);
  for (let y = 0; y < height; y += 1) {
    const from = ((y + top) * outerWidth + left) * channels;
    data.set(picture.data.subarray(from, from + width * channels), y * width * channels);
  }
  return { width, height, channels, data };
}

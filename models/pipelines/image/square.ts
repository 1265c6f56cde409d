import type { FloatPicture } from './picture.ts';
import { resizePicture } from './resize.ts';

/**
 * How a picture of any shape meets a network that paints squares: the square that just covers it, centred. What is outside
 * the picture is filled by repeating its edge and cut away again at the end.
 */
export interface SquareFrame {
  /** Side of the covering square in picture pixels. */
  readonly side: number;
  /** Where the picture's top left corner lies in the square. */
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export function coverWithSquare(width: number, height: number): SquareFrame {
  const side = Math.max(width, height);
  return { side, left: (side - width) >> 1, top: (side - height) >> 1, width, height };
}

/** Returns the picture inside its covering square, edges repeated outwards, resampled to `size` × `size`. */
export function placeInSquare(picture: FloatPicture, frame: SquareFrame, size: number): FloatPicture {
  const { channels } = picture;
  const { side } = frame;
  const data = new Float32Array(side * side * channels);
  for (let y = 0; y < side; y += 1) {
    const sourceY = Math.min(Math.max(y - frame.top, 0), picture.height - 1);
    for (let x = 0; x < side; x += 1) {
      const sourceX = Math.min(Math.max(x - frame.left, 0), picture.width - 1);
      const from = (sourceY * picture.width + sourceX) * channels;
      for (let c = 0; c < channels; c += 1) {
        data[(y * side + x) * channels + c] = picture.data[from + c];
      }
    }
  }
  return resizePicture({ width: side, height: side, channels, data }, size, size);
}

/** Returns the part of a square picture that shows the frame, at the frame's width and height. */
export function cutFromSquare(square: FloatPicture, frame: SquareFrame): FloatPicture {
  const full = resizePicture(square, frame.side, frame.side);
  const { channels } = full;
  const { width, height, left, top, side } = frame;
  const data = new Float32Array(width * height * channels);
  for (let y = 0; y < height; y += 1) {
    const from = ((y + top) * side + left) * channels;
    data.set(full.data.subarray(from, from + width * channels), y * width * channels);
  }
  return { width, height, channels, data };
}

import type { ControlKind } from '../../../shared/contracts/recipe.ts';
import { type RgbPicture, toFloatPicture, toSignedPlanes } from '../image/picture.ts';
import { resizePicture } from '../image/resize.ts';
import { coverWithSquare, placeInSquare, type SquareFrame } from '../image/square.ts';

/** Brightness, 0 … 255, from which a pixel of a line map is line: half-covered rims of a brush stroke count. */
const lineFrom = 64;

/**
 * Brings a control map, stretched over a frame of `width` × `height`, to the planes [3, size, size] in -1 … 1 that the house
 * core was trained with. Lines stay hard and whole however thin (the core never saw a grey one: averaged down, a line of
 * one pixel is nearly ignored), regions keep their colours, and only depth is averaged.
 */
export function toMapPlanes(
  picture: RgbPicture,
  kind: ControlKind,
  target: { readonly width: number; readonly height: number; readonly size: number },
): Float32Array {
  const frame = coverWithSquare(target.width, target.height);
  switch (kind) {
    case 'edge':
    case 'scribble':
      return poolLines(picture, frame, target.size);
    case 'segmentation':
      return pickColors(picture, frame, target.size);
    case 'depth':
    case 'pose': {
      const stretched = resizePicture(toFloatPicture(picture, 3), target.width, target.height);
      return toSignedPlanes(placeInSquare(stretched, frame, target.size));
    }
  }
}

/** Every cell with line on it is line. */
function poolLines(picture: RgbPicture, frame: SquareFrame, size: number): Float32Array {
  const planes = new Float32Array(3 * size * size).fill(-1);
  const columns = cellsUnder(picture.width, {
    start: frame.left,
    length: frame.width,
    side: frame.side,
    size,
  });
  const rows = cellsUnder(picture.height, { start: frame.top, length: frame.height, side: frame.side, size });
  const { data, width, height } = picture;
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const at = (y * width + x) * 3;
      if (Math.max(data[at], data[at + 1], data[at + 2]) < lineFrom) continue;
      for (let row = rows[y].first; row < rows[y].end; row += 1) {
        for (let column = columns[x].first; column < columns[x].end; column += 1) {
          for (let c = 0; c < 3; c += 1) planes[(c * size + row) * size + column] = 1;
        }
      }
    }
  }
  return planes;
}

/** The cells that each pixel of a side marks: the one under its middle, or, of a coarser map, all whose middles it covers. */
function cellsUnder(
  pixels: number,
  { start, length, side, size }: Readonly<Record<'start' | 'length' | 'side' | 'size', number>>,
): readonly { readonly first: number; readonly end: number }[] {
  const cellOf = (at: number) => ((start + (at / pixels) * length) / side) * size;
  const isFine = cellOf(1) - cellOf(0) < 1;
  return Array.from({ length: pixels }, (_, i) => {
    if (isFine) {
      const cell = Math.min(Math.floor(cellOf(i + 0.5)), size - 1);
      return { first: cell, end: cell + 1 };
    }
    return { first: Math.ceil(cellOf(i) - 0.5), end: Math.ceil(cellOf(i + 1) - 0.5) };
  });
}

/** The colour under the middle of each cell; outside the frame the nearest one inside. */
function pickColors(picture: RgbPicture, frame: SquareFrame, size: number): Float32Array {
  const planes = new Float32Array(3 * size * size);
  const pixelUnder = (cell: number, start: number, length: number, pixels: number) => {
    const inFrame = ((cell + 0.5) / size) * frame.side - start;
    return Math.min(Math.max(Math.floor((inFrame / length) * pixels), 0), pixels - 1);
  };
  for (let row = 0; row < size; row += 1) {
    const y = pixelUnder(row, frame.top, frame.height, picture.height);
    for (let column = 0; column < size; column += 1) {
      const x = pixelUnder(column, frame.left, frame.width, picture.width);
      for (let c = 0; c < 3; c += 1) {
        planes[(c * size + row) * size + column] =
          (picture.data[(y * picture.width + x) * 3 + c] / 255) * 2 - 1;
      }
    }
  }
  return planes;
}

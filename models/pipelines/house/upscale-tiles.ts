/**
 * How a picture is cut for the upscaler (models/training/upscaler/upscaler.py), which is convolutions alone: a pixel of its
 * result rests on no pixel further away than `reach`. A tile that sees as much around it is therefore exactly the same part of
 * the whole picture's result, and where the picture ends the network pads the tile as it would pad the picture.
 */

/** Pixels around a pixel that the network looks at: 2 in its first convolution, 1 in each of the 14 of its blocks, 1 in its last. */
export const reach = 2 + 14 + 1;

/** Longest side of a tile in pixels of the picture to enlarge. */
const longestTile = 128;

/** A rectangle of the picture to enlarge, in its pixels. */
export interface TileRect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** One run of the network. */
export interface Tile {
  /** What the tile gives; the tiles of a picture cover it once. */
  readonly gives: TileRect;
  /** What the network is shown for it. */
  readonly sees: TileRect;
}

/** The tiles of a picture, row by row. Tiles of one picture are of nearly the same size. */
export function planTiles(width: number, height: number): readonly Tile[] {
  const columns = cut(width);
  return cut(height).flatMap((row) =>
    columns.map((column) => ({
      gives: { x: column.start, y: row.start, width: column.length, height: row.length },
      sees: { x: column.from, y: row.from, width: column.to - column.from, height: row.to - row.from },
    })),
  );
}

/** One side in equal parts, each with what is seen around it inside the picture. */
function cut(length: number) {
  const parts = Math.ceil(length / longestTile);
  return Array.from({ length: parts }, (_, i) => {
    const start = Math.round((i * length) / parts);
    const end = Math.round(((i + 1) * length) / parts);
    return {
      start,
      length: end - start,
      from: Math.max(start - reach, 0),
      to: Math.min(end + reach, length),
    };
  });
}

import sharp from 'sharp';
import type { RgbPicture } from '../../models/pipelines/image/picture.ts';

/** One row of a sheet: what it shows, and one picture a scene. */
export interface SheetRow {
  readonly label: string;
  /** Words above the pictures, one for each. */
  readonly captions?: readonly string[];
  readonly pictures: readonly RgbPicture[];
}

/** Side of a picture on a sheet in pixels. */
export const cell = 160;
const gap = 4;
const labelWidth = 92;
const captionHeight = 40;
const letters = 24;

/** Writes rows of pictures below each other, each with its label on the left, as one WebP file. */
export async function writeRows(file: string, rows: readonly SheetRow[]): Promise<void> {
  const columns = Math.max(...rows.map(({ pictures }) => pictures.length));
  const width = labelWidth + columns * (cell + gap);
  const layers: { input: Buffer; left: number; top: number }[] = [];
  let top = gap;
  for (const { label, captions, pictures } of rows) {
    if (captions !== undefined) {
      for (const [i, caption] of captions.entries()) {
        layers.push({ input: text(caption, cell, captionHeight), left: labelWidth + i * (cell + gap), top });
      }
      top += captionHeight;
    }
    layers.push({ input: text(label, labelWidth - gap, cell, 13), left: gap, top });
    for (const [i, picture] of pictures.entries()) {
      layers.push({ input: await shrink(picture), left: labelWidth + i * (cell + gap), top });
    }
    top += cell + gap;
  }
  await sharp({ create: { width, height: top, channels: 3, background: 'white' } })
    .composite(layers)
    .webp({ quality: 82 })
    .toFile(file);
}

/** Maps are shown pixel by pixel, pictures smoothly. */
function shrink({ width, height, data }: RgbPicture): Promise<Buffer> {
  const kernel = width < cell ? 'nearest' : 'lanczos3';
  return sharp(data, { raw: { width, height, channels: 3 } })
    .resize(cell, cell, { kernel })
    .png()
    .toBuffer();
}

function text(words: string, width: number, height: number, wrap = letters): Buffer {
  const lines: string[] = [];
  for (const word of words.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < wrap) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  const spans = lines.map((line, i) => `<text x="0" y="${12 + 13 * i}">${escapeXml(line)}</text>`);
  return Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="12">${spans.join('')}</svg>`,
  );
}

function escapeXml(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

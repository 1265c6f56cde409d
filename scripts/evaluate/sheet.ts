import sharp from 'sharp';
import { type Bench, type Exhibit, makePictures, type Section } from './bench.ts';

const FIRST_SEED = 1000;
const COLUMNS = 8;
const CELL = 168;
const TEXT = 28;
const LINE = 27;

/** Makes the pictures that people look at before a pack is committed; nothing is measured. */
export async function drawSheet(bench: Bench, prompts: readonly string[]): Promise<Section> {
  const requests = prompts.map((prompt, i) => ({ prompt, seed: FIRST_SEED + i }));
  const pictures = await makePictures(bench, requests, { what: 'sheet', size: 'full' });
  const exhibits = prompts.map((caption, i) => ({ caption, pictures: [pictures[i]] }));
  return {
    title: 'Sheet',
    about: `${prompts.length} prompts, seeds from ${FIRST_SEED} on, for looking at.`,
    rows: [],
    exhibits,
  };
}

/** Writes the pictures of a sheet side by side with their prompts below, as one WebP file. */
export async function writeSheet(file: string, exhibits: readonly Exhibit[]): Promise<void> {
  const rows = Math.ceil(exhibits.length / COLUMNS);
  const layers = await Promise.all(
    exhibits.map(async ({ caption, pictures }, i) => {
      const { width, height, data } = pictures[0];
      const input = await sharp(data, { raw: { width, height, channels: 3 } })
        .resize(CELL - 4, CELL - 4)
        .extend({ bottom: TEXT, background: 'white' })
        .composite([{ input: Buffer.from(captionSvg(caption)), left: 0, top: CELL - 4 }])
        .png()
        .toBuffer();
      return { input, left: (i % COLUMNS) * CELL + 2, top: Math.floor(i / COLUMNS) * (CELL + TEXT) + 2 };
    }),
  );
  const size = { width: COLUMNS * CELL, height: rows * (CELL + TEXT) };
  await sharp({ create: { ...size, channels: 3, background: 'white' } })
    .composite(layers)
    .webp({ quality: 82 })
    .toFile(file);
}

function captionSvg(text: string): string {
  const lines = [text.slice(0, LINE), text.slice(LINE, 2 * LINE)];
  const spans = lines.map(
    (line, i) => `<text x="1" y="${11 + 12 * i}">${line.replaceAll('&', '&amp;')}</text>`,
  );
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${CELL - 4}" height="${TEXT}" font-family="sans-serif" ` +
    `font-size="11">${spans.join('')}</svg>`
  );
}

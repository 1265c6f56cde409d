import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { PngFormatError, readPngText, writePngText } from './text-chunk.ts';

async function makePng(): Promise<Uint8Array> {
  const pixels = Uint8Array.from({ length: 8 * 8 * 3 }, (_, i) => (i * 7) % 256);
  return sharp(pixels, { raw: { width: 8, height: 8, channels: 3 } })
    .png()
    .toBuffer();
}

describe('PNG text chunks', () => {
  it('reads back what it wrote, with characters outside Latin-1', async () => {
    const text = JSON.stringify({ prompt: 'ein roter Fuchs, 雪の中, 🦊' });
    expect(readPngText(writePngText(await makePng(), 'gesso-recipe', text), 'gesso-recipe')).toBe(text);
  });

  it('leaves a file that another decoder accepts, with the same pixels', async () => {
    const png = await makePng();
    const written = writePngText(png, 'gesso-recipe', 'x'.repeat(5000));
    const before = await sharp(png).raw().toBuffer();
    const after = await sharp(written, { failOn: 'warning' }).raw().toBuffer();
    expect(after.equals(before)).toBe(true);
  });

  it('replaces an older text under the same keyword and keeps others', async () => {
    const first = writePngText(await makePng(), 'gesso-recipe', 'one');
    const second = writePngText(writePngText(first, 'Author', 'Mina'), 'gesso-recipe', 'two');
    expect(readPngText(second, 'gesso-recipe')).toBe('two');
    expect(readPngText(second, 'Author')).toBe('Mina');
    expect(second.length).toBe(writePngText(first, 'Author', 'Mina').length);
  });

  it('answers null when there is no such text', async () => {
    expect(readPngText(await makePng(), 'gesso-recipe')).toBeNull();
  });

  it('refuses what is not a whole PNG file', async () => {
    const png = await makePng();
    expect(() => readPngText(deflateSync(png), 'a')).toThrow(PngFormatError);
    expect(() => readPngText(png.subarray(0, png.length - 6), 'a')).toThrow(/cut short/);
    expect(() => writePngText(png.subarray(0, 20), 'a', 'b')).toThrow(PngFormatError);
  });

  it('notices a damaged text', async () => {
    const written = writePngText(await makePng(), 'gesso-recipe', 'abcdefgh');
    const at = Buffer.from(written).indexOf('abcdefgh');
    written[at] = 0x7a;
    expect(() => readPngText(written, 'gesso-recipe')).toThrow(/checksum/);
  });

  it('refuses a keyword that the format does not allow', async () => {
    const png = await makePng();
    expect(() => writePngText(png, '', 'x')).toThrow(RangeError);
    expect(() => writePngText(png, 'a'.repeat(80), 'x')).toThrow(RangeError);
  });
});

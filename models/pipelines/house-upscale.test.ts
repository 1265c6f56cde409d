import { expect, test } from 'vitest';
import { houseImageManifestSchema } from '../catalog/manifest.ts';
import type { HouseImageModel } from './house/model.ts';
import { enlargeImage } from './house-upscale.ts';
import type { ImageEvent, ImageRequest } from './image-request.ts';
import { plainRequest } from './testing/plain-request.ts';
import { useShippedPack } from './testing/shipped-pack.ts';
import { unused } from './testing/unused-network.ts';

const pack = useShippedPack();

/** The shipped pack's own words, with a network that keeps every pixel four times as wide and high, and only that. */
function blocks(scale = 4): HouseImageModel {
  return {
    ...pack(),
    manifest: houseImageManifestSchema.parse({ ...pack().manifest, scale }),
    encodePrompt: unused,
    denoise: unused,
    async upscale(planes, { width, height }) {
      const out = new Float32Array(planes.length * 16);
      for (let i = 0; i < out.length; i += 1) {
        const [x, y, c] = [
          i % (4 * width),
          Math.floor(i / (4 * width)) % (4 * height),
          Math.floor(i / (16 * width * height)),
        ];
        out[i] = planes[(c * height + (y >> 2)) * width + (x >> 2)];
      }
      return out;
    },
  };
}

const source = { width: 20, height: 20, data: new Uint8Array(20 * 20 * 3).fill(200) };
const request: ImageRequest = { ...plainRequest, mode: 'upscale', scale: 4, width: 80, height: 80, source };

async function enlarge(wanted: ImageRequest, model = blocks()): Promise<readonly ImageEvent[]> {
  const events: ImageEvent[] = [];
  const run = { model, signal: new AbortController().signal, now: () => performance.now() };
  for await (const event of enlargeImage(wanted, run)) events.push(event);
  return events;
}

test('it reads neither words nor core, tells its tiles, and gives a picture without opacity', async () => {
  const events = await enlarge(request);
  expect(events.map(({ type }) => type)).toEqual(['progress', 'result']);
  expect(events[0]).toMatchObject({ step: 1, steps: 1, preview: null });
  expect(events[1]).toMatchObject({ width: 80, height: 80 });
  expect(events[1]).not.toHaveProperty('alpha');
});

test('colours continue under what is transparent, so that its edge takes none of what was hidden', async () => {
  const data = Uint8Array.from(source.data, (value, i) => (Math.floor(i / 3) % 20 < 10 ? 0 : value));
  const alpha = {
    width: 20,
    height: 20,
    data: Uint8Array.from({ length: 400 }, (_, i) => (i % 20 < 10 ? 0 : 255)),
  };
  const [, result] = await enlarge({ ...request, source: { ...source, data }, alpha });
  if (result?.type !== 'result') throw new Error('no result');
  expect(result.rgb.every((value) => value === 200)).toBe(true);
  const row = [...(result.alpha ?? [])].slice(40 * 80, 41 * 80);
  expect(row.slice(0, 34).every((value) => value === 0)).toBe(true);
  expect(row.slice(46).every((value) => value === 255)).toBe(true);
  expect(row[39]).toBeGreaterThan(0);
  expect(row[39]).toBeLessThan(row[40] ?? 0);
});

test('a picture of another size, none at all, no scale, and a pack whose network has another factor are refused', async () => {
  await expect(enlarge({ ...request, width: 84 })).rejects.toThrow(
    'The source is 20 × 20, but the picture to make is 84 × 80.',
  );
  await expect(enlarge({ ...request, source: null })).rejects.toThrow('upscale needs a source picture.');
  const { scale: _, ...without } = { ...request, width: 20, height: 20 };
  await expect(enlarge(without)).rejects.toThrow('how many times');
  await expect(enlarge(request, blocks(2))).rejects.toThrow('does not enlarge pictures');
});

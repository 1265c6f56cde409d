import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { brightPixels, colourSteps, edgeF1 } from '../../evaluation/pixels.ts';
import { generateImage } from '../house-image.ts';
import { type RgbPicture, toBytes, toFloatPicture } from '../image/picture.ts';
import { resizeArea } from '../image/resize.ts';
import type { ControlMap, ImageRequest } from '../image-request.ts';
import { plainRequest } from '../testing/plain-request.ts';
import { readPictureFile, useShippedPack } from '../testing/shipped-pack.ts';

/** The pack as it is shipped, on composed scenes it never saw. */
const scenesFolder = join(import.meta.dirname, '../../fixtures/house/scenes');
const scenes = z
  .array(z.object({ prompt: z.string() }))
  .parse(JSON.parse(readFileSync(join(scenesFolder, 'scenes.json'), 'utf8')));

const model = useShippedPack();

/** How well the outlines of what was painted lie on a map's lines, 0 … 1, at the core's own size. */
async function closeness(prompt: string, map: RgbPicture, controls: readonly ControlMap[]): Promise<number> {
  const request: ImageRequest = {
    ...plainRequest,
    prompt,
    seed: 4,
    steps: 6,
    controls,
  };
  const signal = new AbortController().signal;
  for await (const event of generateImage(request, {
    model: model(),
    signal,
    now: () => performance.now(),
  })) {
    if (event.type !== 'result') continue;
    const painted = { width: event.width, height: event.height, data: event.rgb };
    const small = resizeArea(toFloatPicture(painted, 3), map.width, map.height);
    return edgeF1(colourSteps({ ...small, data: toBytes(small.data) }), brightPixels(map));
  }
  throw new Error('no picture');
}

it('a picture lies closer to the lines it was told to follow, and closer still with full strength', async () => {
  const sums = { free: 0, half: 0, whole: 0 };
  for (const [i, { prompt }] of scenes.entries()) {
    const map = await readPictureFile(join(scenesFolder, `scene-${i}-scribble.png`));
    const control = (strength: number): ControlMap => ({
      kind: 'edge',
      strength,
      range: [0, 1],
      picture: map,
    });
    sums.free += await closeness(prompt, map, []);
    sums.half += await closeness(prompt, map, [control(0.4)]);
    sums.whole += await closeness(prompt, map, [control(1)]);
  }
  expect(sums.half).toBeGreaterThan(sums.free);
  expect(sums.whole).toBeGreaterThan(sums.half);
  expect(sums.whole / scenes.length).toBeGreaterThan(sums.free / scenes.length + 0.05);
}, 120_000);

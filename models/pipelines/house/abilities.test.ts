import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { generateImage } from '../house-image.ts';
import type { RgbPicture } from '../image/picture.ts';
import type { ImageRequest } from '../image-request.ts';
import { plainRequest } from '../testing/plain-request.ts';
import { readPictureFile, useShippedPack } from '../testing/shipped-pack.ts';

/** The pack as it is shipped: it does what its manifest lists, and says so of the rest. */
const scenesFolder = join(import.meta.dirname, '../../fixtures/house/scenes');
const scenes = z
  .array(z.object({ prompt: z.string(), instruction: z.string(), box: z.array(z.number()).length(4) }))
  .parse(JSON.parse(readFileSync(join(scenesFolder, 'scenes.json'), 'utf8')));

const model = useShippedPack();

async function make(wanted: Partial<ImageRequest>): Promise<Uint8Array> {
  const request: ImageRequest = {
    ...plainRequest,
    prompt: scenes[0].prompt,
    seed: 5,
    steps: 6,
    ...wanted,
  };
  const signal = new AbortController().signal;
  for await (const event of generateImage(request, {
    model: model(),
    signal,
    now: () => performance.now(),
  })) {
    if (event.type === 'result') return event.rgb;
  }
  throw new Error('no picture');
}

/** Mean difference inside the box of a scene's first thing, with a little air, and outside of it. */
function differences(made: Uint8Array, source: RgbPicture, box: readonly number[]) {
  const [left, top, right, bottom] = box.map((share, i) => (share + (i < 2 ? -0.06 : 0.06)) * source.width);
  const sums = { inside: 0, outside: 0 };
  const counts = { inside: 0, outside: 0 };
  for (const [i, value] of made.entries()) {
    const pixel = Math.floor(i / 3);
    const [x, y] = [pixel % source.width, Math.floor(pixel / source.width)];
    const part = x > left && x < right && y > top && y < bottom ? 'inside' : 'outside';
    sums[part] += Math.abs(value - source.data[i]);
    counts[part] += 1;
  }
  return { inside: sums.inside / counts.inside, outside: sums.outside / counts.outside };
}

it('changes the thing that an instruction names and little else, where it lists edits; else says it cannot', async () => {
  const source = await readPictureFile(join(scenesFolder, 'scene-0.png'));
  const edit = { mode: 'instruct', prompt: scenes[0].instruction, source } as const;
  if (!model().manifest.tasks.includes('edit')) {
    await expect(make(edit)).rejects.toThrow(/not learned to edit by instruction/);
    return;
  }
  const edited = differences(await make(edit), source, scenes[0].box);
  const unseen = differences(await make({}), source, scenes[0].box);
  expect(edited.inside).toBeGreaterThan(4 * edited.outside);
  expect(edited.outside).toBeLessThan(unseen.outside * 0.75);
});

it('takes the colour of a thing from its reference picture, where it lists references; else says it cannot', async () => {
  const blue = await readPictureFile(join(scenesFolder, 'scene-0.png'));
  if (!model().manifest.tasks.includes('reference')) {
    const reference = { picture: blue, strength: 1 };
    await expect(make({ reference })).rejects.toThrow(/not learned to follow a reference/);
    return;
  }
  const red = { ...blue, data: blue.data.map((_, i) => blue.data[i + 2 - 2 * (i % 3)]) };
  const follow = (picture: RgbPicture, strength: number) =>
    make({ prompt: 'a camera', reference: { picture, strength } });
  expect(blueness(await follow(blue, 1))).toBeGreaterThan(blueness(await follow(red, 1)));
  expect(await follow(blue, 0)).toEqual(await make({ prompt: 'a camera' }));
});

/** How much bluer than red a picture is, on average. */
function blueness(rgb: Uint8Array): number {
  return rgb.reduce((sum, value, i) => sum + [-value, 0, value][i % 3], 0) / rgb.length;
}

import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type RgbPicture, toFloatPicture, toSignedPlanes } from '../image/picture.ts';
import { readPictureFile, useShippedPack } from '../testing/shipped-pack.ts';
import { enlargeTiles, upscalePicture } from './upscale.ts';
import { planTiles, reach } from './upscale-tiles.ts';

const scenes = join(import.meta.dirname, '../../fixtures/house/scenes');
const signal = new AbortController().signal;
const pack = useShippedPack();

/** Left part of a composed scene: wide enough for two columns of tiles, low enough to be quick. */
async function wideScene(): Promise<RgbPicture> {
  const scene = await readPictureFile(join(scenes, 'scene-0.png'));
  return cropped(scene, { width: 150, height: 135 });
}

function cropped({ width: from, data }: RgbPicture, size: { width: number; height: number }): RgbPicture {
  const out = new Uint8Array(size.width * size.height * 3);
  for (let y = 0; y < size.height; y += 1) {
    out.set(data.subarray(y * from * 3, (y * from + size.width) * 3), y * size.width * 3);
  }
  return { ...size, data: out };
}

async function upscaled(picture: RgbPicture, scale: 2 | 4): Promise<RgbPicture> {
  const work = upscalePicture(picture, scale, { model: pack(), signal });
  let turn = await work.next();
  while (turn.done !== true) turn = await work.next();
  return turn.value;
}

describe('with the shipped pack', { timeout: 180_000 }, () => {
  test('the tiles of a picture are what the network gives for the whole of it', async () => {
    const picture = await wideScene();
    const whole = await pack().upscale(toSignedPlanes(toFloatPicture(picture, 3)), picture);
    const width = picture.width * 4;
    const area = width * picture.height * 4;
    let most = 0;
    let tiles = 0;
    for await (const { place, planes, steps } of enlargeTiles(picture, { model: pack(), signal })) {
      tiles += 1;
      expect(steps).toBe(4);
      for (let i = 0; i < planes.length; i += 1) {
        const channel = Math.floor(i / (place.width * place.height));
        const at = i % (place.width * place.height);
        const x = place.x + (at % place.width);
        const y = place.y + Math.floor(at / place.width);
        most = Math.max(most, Math.abs(planes[i] - whole[channel * area + y * width + x]));
      }
    }
    expect(tiles).toBe(4);
    expect(most).toBeLessThan(1e-5);
  });

  test('the network looks exactly as far as the tiles see', async () => {
    const side = 2 * reach + 3;
    const at = reach + 1;
    const plain = new Float32Array(3 * side * side);
    const dotted = plain.slice();
    for (let c = 0; c < 3; c += 1) dotted[c * side * side + at * side + at] = 1;
    const size = { width: side, height: side };
    const [before, after] = [await pack().upscale(plain, size), await pack().upscale(dotted, size)];
    const changed = Array.from({ length: side }, (_, column) =>
      Array.from({ length: 4 * side }, (__, y) => y * 4 * side + column * 4).some((row) =>
        [0, 1, 2, 3].some((x) => Math.abs(after[row + x] - before[row + x]) > 0),
      ),
    );
    expect(changed.map((is, column) => (is ? column - at : null)).filter((far) => far !== null)).toEqual(
      Array.from({ length: 2 * reach + 1 }, (_, i) => i - reach),
    );
  });

  test('twice is the mean of every 2 × 2 pixels of four times', async () => {
    const picture = cropped(await wideScene(), { width: 24, height: 20 });
    const [two, four] = [await upscaled(picture, 2), await upscaled(picture, 4)];
    expect([two.width, two.height, four.width, four.height]).toEqual([48, 40, 96, 80]);
    for (let i = 0; i < two.data.length; i += 1) {
      const [c, x, y] = [i % 3, Math.floor(i / 3) % 48, Math.floor(i / 144)];
      const mean =
        [0, 1, 96, 97].reduce((sum, step) => sum + four.data[(y * 192 + x * 2 + step) * 3 + c], 0) / 4;
      expect(Math.abs(two.data[i] - mean)).toBeLessThanOrEqual(1);
    }
  });
});

describe('whatever the network', () => {
  const nearest = {
    upscale: async (planes: Float32Array, { width, height }: { width: number; height: number }) =>
      Float32Array.from({ length: planes.length * 16 }, (_, i) => {
        const y = Math.floor(i / (4 * width));
        return planes[Math.floor(y / 4) * width + Math.floor((i % (4 * width)) / 4)];
      }).slice(0, 3 * 16 * width * height),
  };
  const picture: RgbPicture = {
    width: 140,
    height: 131,
    data: Uint8Array.from({ length: 140 * 131 * 3 }, (_, i) => (i * 7) % 256),
  };

  test.each([2, 4] as const)(
    'every pixel lands in its place at ×%i, and each tile is told',
    async (scale) => {
      const work = upscalePicture(picture, scale, { model: nearest, signal });
      const told: number[] = [];
      let turn = await work.next();
      while (turn.done !== true) {
        told.push(turn.value.step);
        turn = await work.next();
      }
      const { width, height, data } = turn.value;
      expect([width, height]).toEqual([140 * scale, 131 * scale]);
      expect(told).toEqual(planTiles(140, 131).map((_, i) => i + 1));
      let wrong = 0;
      for (let i = 0; i < data.length; i += 1) {
        const [c, at] = [i % 3, Math.floor(i / 3)];
        const [x, y] = [Math.floor((at % width) / scale), Math.floor(at / width / scale)];
        if (data[i] !== picture.data[(y * 140 + x) * 3 + c]) wrong += 1;
      }
      expect(wrong).toBe(0);
    },
  );

  test('a cancelled one stops before its next tile', async () => {
    const cancel = new AbortController();
    let runs = 0;
    const counted = {
      upscale: (planes: Float32Array, size: { width: number; height: number }) => {
        runs += 1;
        return nearest.upscale(planes, size);
      },
    };
    const work = upscalePicture(picture, 4, { model: counted, signal: cancel.signal });
    await work.next();
    cancel.abort(new Error('enough'));
    await expect(work.next()).rejects.toThrow('enough');
    expect(runs).toBe(1);
  });
});

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { childEnv } from '../../platform/env.ts';
import { parseRecipeText, RECIPE_KEYWORD } from '../../shared/contracts/recipe.ts';
import { readPngText } from '../../shared/png/text-chunk.ts';
import { parseUpscaleOptions } from './upscale-options.ts';

const scene = join(import.meta.dirname, '../../models/fixtures/house/scenes/scene-0.png');
let folder = '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gesso-upscale-'));
  await sharp(scene)
    .extract({ left: 80, top: 70, width: 48, height: 40 })
    .png()
    .toFile(join(folder, 'small.png'));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

function gesso(...args: readonly string[]) {
  const main = join(import.meta.dirname, 'main.ts');
  return spawnSync(process.execPath, ['--no-js-float16array', main, 'upscale', ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: childEnv({ GESSO_HOME: join(folder, 'home') }),
  });
}

const recipeIn = (name: string) =>
  parseRecipeText(readPngText(readFileSync(join(folder, name)), RECIPE_KEYWORD) ?? '');
const hashOf = (name: string) =>
  createHash('sha256')
    .update(readFileSync(join(folder, name)))
    .digest('hex');

describe('gesso upscale', { timeout: 180_000 }, () => {
  it('writes a picture four times as wide and high that carries its recipe', async () => {
    expect(gesso('small.png', '--out', 'four.png')).toMatchObject({ status: 0, stdout: 'four.png\n' });
    const { width, height, channels } = await sharp(join(folder, 'four.png')).metadata();
    expect([width, height, channels]).toEqual([192, 160, 3]);
    expect(recipeIn('four.png')).toMatchObject({
      mode: 'upscale',
      scale: 4,
      width: 192,
      height: 160,
      prompt: '',
      pack: { id: 'house-image' },
      source: { sha256: hashOf('small.png') },
    });
  });

  it('twice as large, it looks like the picture: reduced again it is nearly the same', async () => {
    const made = gesso('small.png', '--out', 'two.png', '--scale', '2', '--json');
    expect(made.status).toBe(0);
    expect(JSON.parse(made.stdout)).toMatchObject({
      device: 'cpu',
      pictures: [{ file: 'two.png', recipe: { scale: 2, width: 96, height: 80 } }],
    });
    const small = await sharp(join(folder, 'small.png')).removeAlpha().raw().toBuffer();
    const back = await sharp(join(folder, 'two.png')).resize(48, 40, { kernel: 'cubic' }).raw().toBuffer();
    const off = small.reduce((sum, value, i) => sum + Math.abs(value - (back[i] ?? 0)), 0) / small.length;
    expect(off).toBeLessThan(4);
  });

  it('keeps what is transparent, without a dark edge around the rest', async () => {
    const pixels = Uint8Array.from({ length: 32 * 32 * 4 }, (_, i) =>
      Math.floor(i / 4) % 32 < 16 ? 0 : 255,
    );
    await sharp(pixels, { raw: { width: 32, height: 32, channels: 4 } })
      .png()
      .toFile(join(folder, 'half.png'));
    expect(gesso('half.png', '--out', 'half4.png').status).toBe(0);
    const { data, info } = await sharp(join(folder, 'half4.png')).raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.channels]).toEqual([128, 4]);
    const at = (x: number) => [...data.subarray((64 * 128 + x) * 4, (64 * 128 + x) * 4 + 4)];
    expect(at(20)[3]).toBe(0);
    expect(at(110)[3]).toBe(255);
    for (let x = 60; x < 128; x += 1) expect(Math.min(...at(x).slice(0, 3))).toBeGreaterThan(240);
  });

  it('says what is wrong with a picture or a model, and leaves nothing behind', async () => {
    await sharp({ create: { width: 2_000, height: 1_500, channels: 3, background: 'white' } })
      .png()
      .toFile(join(folder, 'large.png'));
    const large = gesso('large.png', '--out', 'never.png');
    expect(large.status).toBe(2);
    expect(large.stderr).toContain('The picture is 2,000 × 1,500: enlarged ×4 it would be 8,000 × 6,000.');
    expect(large.stderr).toContain('Enlarge it ×2, or make it smaller first.');
    expect(gesso('nothing.png', '--out', 'never.png').stderr).toContain('Cannot read nothing.png.');
    expect(gesso('small.png', '--out', 'never.png', '--pack', 'nowhere').stderr).toContain('nowhere');
    expect(gesso('small.png', '--out', 'no/such/folder.png').stderr).toContain('create it first');
    expect(existsSync(join(folder, 'never.png'))).toBe(false);
  });
});

describe('parseUpscaleOptions', () => {
  it('reads a file and its options, and asks for ×4 when nothing is said', () => {
    expect(parseUpscaleOptions(['a.jpg', '--out', 'b.png'])).toEqual({
      file: 'a.jpg',
      out: 'b.png',
      scale: 4,
      pack: 'house-image',
      json: false,
    });
    expect(parseUpscaleOptions(['--help'])).toBe('help');
  });

  it.each([
    [['--out', 'a.png'], /picture to enlarge is missing/],
    [['a.png', 'b.png', '--out', 'c.png'], /One picture is enlarged at a time \(got 2\)/],
    [['a.png'], /--out FILE\.png is missing/],
    [['a.png', '--out', 'a.jpg'], /--out takes the name of a \.png file/],
    [['a.png', '--out', 'b.png', '--scale', '3'], /--scale takes 2 or 4/],
    [['a.png', '--out', 'b.png', '--scale', ''], /--scale takes 2 or 4/],
    [['a.png', '--out', 'b.png', '--prompt', 'x'], /--prompt/],
  ] as const)('%j is not right', (args, words) => {
    expect(() => parseUpscaleOptions(args)).toThrow(words);
  });
});

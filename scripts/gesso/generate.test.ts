import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { houseImageManifestSchema } from '../../models/catalog/manifest.ts';
import { HOUSE_PACKS_FOLDER } from '../../models/catalog/packs.ts';
import { childEnv } from '../../platform/env.ts';
import { parseRecipeText, RECIPE_KEYWORD } from '../../shared/contracts/recipe.ts';
import { readPngText } from '../../shared/png/text-chunk.ts';

const { tasks: houseTasks, components } = houseImageManifestSchema.parse(
  JSON.parse(readFileSync(join(HOUSE_PACKS_FOLDER, 'house-image/model.json'), 'utf8')),
);

function hashOf(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

const main = join(import.meta.dirname, 'main.ts');
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gesso-generate-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

function gesso(...args: readonly string[]) {
  return spawnSync(process.execPath, ['--no-js-float16array', main, 'generate', ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: childEnv({ GESSO_HOME: join(folder, 'home') }),
  });
}

async function readPixels(name: string): Promise<Buffer> {
  return sharp(join(folder, name)).removeAlpha().raw().toBuffer();
}

describe('gesso generate', { timeout: 180_000 }, () => {
  it('writes a picture that carries its recipe, the same one for the same seed', async () => {
    const first = gesso('a red fox in the snow', '--seed', '7', '--steps', '2', '--out', 'one.png');
    expect(first.stderr).not.toContain('has not learned');
    expect(first).toMatchObject({ status: 0, stdout: 'one.png\n' });
    expect(gesso('a red fox in the snow', '--seed', '7', '--steps', '2', '--out', 'two.png').status).toBe(0);
    expect(gesso('a red fox in the snow', '--seed', '8', '--steps', '2', '--out', 'three.png').status).toBe(
      0,
    );

    const one = await readPixels('one.png');
    expect(one).toHaveLength(256 * 256 * 3);
    expect(one.equals(await readPixels('two.png'))).toBe(true);
    expect(one.equals(await readPixels('three.png'))).toBe(false);
    const recipe = parseRecipeText(readPngText(readFileSync(join(folder, 'one.png')), RECIPE_KEYWORD) ?? '');
    expect(recipe).toMatchObject({
      prompt: 'a red fox in the snow',
      seed: 7,
      steps: 2,
      width: 256,
      mode: 'text-to-image',
      pack: { id: 'house-image' },
    });
  });

  it('paints a prompt nobody trained on, and says so', () => {
    const made = gesso('a zeppelin', '--seed', '1', '--steps', '1', '--out', 'zeppelin.png', '--json');
    expect(made.status).toBe(0);
    expect(made.stderr).toContain('zeppelin');
    expect(JSON.parse(made.stdout)).toMatchObject({
      notices: [{ word: 'zeppelin' }],
      pictures: [{ file: 'zeppelin.png', recipe: { seed: 1 } }],
    });
  });

  it('reads through weights, and says when a prompt is too long', async () => {
    expect(gesso('a cat', '--seed', '5', '--steps', '1', '--out', 'plain.png').status).toBe(0);
    const weighted = '(a:1.2)  [cat] ';
    expect(gesso(weighted, '--seed', '5', '--steps', '1', '--out', 'weighted.png').stderr).not.toContain(
      'longer',
    );
    expect((await readPixels('plain.png')).equals(await readPixels('weighted.png'))).toBe(true);
    const cut = gesso('a cat in the snow '.repeat(12), '--seed', '5', '--steps', '1', '--out', 'long.png');
    expect(cut.stderr).toMatch(/its last \d+ tokens are not used/);
  });

  it('repaints under a mask and keeps every pixel outside it', async () => {
    const source = Buffer.from(Uint8Array.from({ length: 128 * 96 * 3 }, (_, i) => (i * 31) % 256));
    const mask = Buffer.from(Uint8Array.from({ length: 128 * 96 }, (_, i) => (i % 128 > 63 ? 255 : 0)));
    await sharp(source, { raw: { width: 128, height: 96, channels: 3 } })
      .png()
      .toFile(join(folder, 'source.png'));
    await sharp(mask, { raw: { width: 128, height: 96, channels: 1 } })
      .png()
      .toFile(join(folder, 'mask.png'));
    const options = ['--source', 'source.png', '--mask', 'mask.png', '--steps', '2', '--seed', '3'];
    expect(gesso('a blue cat', ...options, '--out', 'inpainted.png').status).toBe(0);
    const out = await readPixels('inpainted.png');
    let changed = 0;
    for (let i = 0; i < mask.length; i += 1) {
      const differs = !out.subarray(i * 3, i * 3 + 3).equals(source.subarray(i * 3, i * 3 + 3));
      changed += differs ? 1 : 0;
      expect(differs && mask[i] === 0).toBe(false);
    }
    expect(changed).toBeGreaterThan(4000);
  });

  it('computes in 8 bits where the pack has a graph for it, else says that it has none', async () => {
    const made = gesso(
      'a red fox',
      '--seed',
      '7',
      '--steps',
      '2',
      '--arithmetic',
      'int8',
      '--out',
      'fast.png',
    );
    if (components.denoiserInt8 === undefined) {
      expect(made).toMatchObject({ status: 2, stdout: '' });
      expect(made.stderr).toContain('has no graph for 8-bit arithmetic; it computes exactly.');
      return;
    }
    expect(made).toMatchObject({ status: 0, stdout: 'fast.png\n' });
    const recipe = readPngText(readFileSync(join(folder, 'fast.png')), RECIPE_KEYWORD) ?? '';
    expect(parseRecipeText(recipe)).toMatchObject({ seed: 7, arithmetic: 'int8' });
    expect(gesso('a red fox', '--seed', '7', '--steps', '2', '--out', 'exact.png').status).toBe(0);
    const exact = readPngText(readFileSync(join(folder, 'exact.png')), RECIPE_KEYWORD) ?? '';
    expect(parseRecipeText(exact)?.arithmetic).toBeUndefined();
    expect(await readPixels('fast.png')).not.toEqual(await readPixels('exact.png'));
  });

  it('makes several pictures with the seeds that follow', () => {
    const made = gesso('a cat', '--seed', '4294967295', '--count', '2', '--steps', '1', '--out', 'cat.png');
    expect(made.stdout).toBe('cat-1.png\ncat-2.png\n');
    const seeds = ['cat-1.png', 'cat-2.png'].map(
      (name) => parseRecipeText(readPngText(readFileSync(join(folder, name)), RECIPE_KEYWORD) ?? '')?.seed,
    );
    expect(seeds).toEqual([4294967295, 0]);
  });

  it('follows a map, and an edge map made of a picture, and names both in the recipe', async () => {
    const scene = join(import.meta.dirname, '../../models/fixtures/house/scenes/scene-2');
    const fox = ['an elephant in front of a forest', '--seed', '5', '--steps', '4'];
    expect(gesso(...fox, '--out', 'free.png').status).toBe(0);
    const one = `depth=${scene}-depth.png:0.5:0-0.8`;
    const made = gesso(
      ...fox,
      '--control',
      one,
      '--derive',
      `edge=${scene}.png`,
      '--out',
      'led.png',
      '--json',
    );
    expect(made.status).toBe(0);
    expect(JSON.parse(made.stdout)).toMatchObject({
      pictures: [
        {
          recipe: {
            controls: [
              { kind: 'depth', strength: 0.5, range: [0, 0.8] },
              { kind: 'edge', strength: 1, range: [0, 1] },
            ],
          },
        },
      ],
    });
    expect((await readPixels('led.png')).equals(await readPixels('free.png'))).toBe(false);
  });

  it('says what a pack can follow when it is asked for something else', () => {
    const map = join(import.meta.dirname, '../../models/fixtures/house/scenes/scene-2-depth.png');
    const pose = gesso('a cat', '--steps', '1', '--control', `pose=${map}`, '--out', 'y.png');
    expect(pose.status).toBe(2);
    expect(pose.stderr).toMatch(
      /not learned to follow pose maps; it knows edge, depth, segmentation, scribble/,
    );
    const strong = gesso('a cat', '--steps', '1', '--control', `depth=${map}:1.5`, '--out', 'y.png');
    expect(strong.stderr).toMatch(/strength from 0 to 1/);
  });

  it('edits a picture by instruction where the pack lists it, else says that it cannot', () => {
    const scene = join(import.meta.dirname, '../../models/fixtures/house/scenes/scene-0.png');
    const edit = [
      '--mode',
      'instruct',
      '--source',
      scene,
      '--steps',
      '2',
      '--seed',
      '3',
      '--out',
      'edited.png',
    ];
    const made = gesso('make the camera purple', ...edit, '--image-guidance', '2', '--json');
    if (!houseTasks.includes('edit')) {
      expect(made.stderr).toMatch(/not learned to edit by instruction/);
      expect(made.status).toBe(2);
      return;
    }
    expect(made.stderr).not.toContain('has not learned');
    expect(JSON.parse(made.stdout)).toMatchObject({
      notices: [],
      pictures: [
        {
          recipe: { mode: 'instruct', imageGuidanceScale: 2, source: { sha256: hashOf(scene) }, mask: null },
        },
      ],
    });
  });

  it('follows a reference picture where the pack lists it, else says that it cannot', async () => {
    const scene = join(import.meta.dirname, '../../models/fixtures/house/scenes/scene-0.png');
    const camera = ['a camera on a table', '--steps', '2', '--seed', '3', '--json'];
    const made = gesso(...camera, '--reference', `${scene}:0.8`, '--out', 'like.png');
    if (!houseTasks.includes('reference')) {
      expect(made.stderr).toMatch(/not learned to follow a reference picture/);
      expect(made.status).toBe(2);
      return;
    }
    expect(JSON.parse(made.stdout)).toMatchObject({
      pictures: [{ recipe: { reference: { strength: 0.8, sha256: hashOf(scene) } } }],
    });
    expect(gesso(...camera, '--out', 'free.png').status).toBe(0);
    expect((await readPixels('like.png')).equals(await readPixels('free.png'))).toBe(false);
  });

  const wrong: readonly (readonly [readonly string[], RegExp])[] = [
    [['a cat'], /--out FILE\.png is missing/],
    [['a cat', '--out', 'nowhere/cat.png'], /There is no folder/],
    [['a cat', '--out', 'x.png', '--source', 'absent.png'], /Cannot read absent\.png/],
    [['a cat', '--out', 'x.png', '--source', 'text.png'], /not a PNG, JPEG or WebP/],
    [['a cat', '--out', 'x.png', '--pack', 'absent'], /no model pack 'absent'/],
  ];
  it.each(wrong)('refuses %j and leaves nothing behind', (args, message) => {
    writeFileSync(join(folder, 'text.png'), 'not a picture');
    const refused = gesso(...args);
    expect(refused.status).toBe(2);
    expect(refused.stderr).toMatch(message);
    expect(readdirSync(folder).filter((name) => name.startsWith('x.png') || name.endsWith('.part'))).toEqual(
      [],
    );
  });
});

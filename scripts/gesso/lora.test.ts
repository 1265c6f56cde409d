import { spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { childEnv } from '../../platform/env.ts';
import { parseRecipeText, RECIPE_KEYWORD } from '../../shared/contracts/recipe.ts';
import { readPngText } from '../../shared/png/text-chunk.ts';

const main = join(import.meta.dirname, 'main.ts');
const fixtures = join(import.meta.dirname, '../../models/fixtures');
let folder = '';

/** A small Stable Diffusion whose UNet was exported by torch with the names of its modules. */
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gesso-lora-'));
  cpSync(join(fixtures, 'golden/models/sd'), join(folder, 'tiny'), { recursive: true });
  cpSync(join(fixtures, 'lora/script.onnx'), join(folder, 'tiny/unet/model.onnx'));
  for (const name of ['kohya', 'peft']) {
    cpSync(join(fixtures, `lora/${name}.safetensors`), join(folder, `${name}.safetensors`));
  }
});

afterAll(() => rmSync(folder, { recursive: true }));

function gesso(...args: readonly string[]) {
  return spawnSync(process.execPath, ['--no-js-float16array', main, ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: childEnv({ GESSO_HOME: join(folder, 'home') }),
  });
}

function generate(prompt: string, out: string, ...more: readonly string[]) {
  const size = ['--width', '64', '--height', '64', '--steps', '2', '--seed', '5'];
  return gesso('generate', prompt, '--pack', 'tiny', ...size, '--out', out, ...more);
}

function pixels(name: string): Promise<Buffer> {
  return sharp(join(folder, name)).removeAlpha().raw().toBuffer();
}

describe('gesso with LoRA files', { timeout: 180_000 }, () => {
  it('adds them, applies those a prompt names, and writes them into the recipe', async () => {
    expect(gesso('models', 'add', 'tiny').stderr).toContain('Running it once');
    const added = gesso('models', 'add', 'kohya.safetensors', '--id', 'oil-paint');
    expect(added.stdout).toContain('Added oil-paint: LoRA of 21 layers');
    expect(gesso('models', 'add', 'peft.safetensors').status).toBe(0);

    expect(generate('a red fox', 'plain.png')).toMatchObject({ status: 0 });
    const made = generate('a red fox <lora:Oil_Paint:0.8>', 'oil.png');
    expect(made.status).toBe(0);
    expect(made.stderr).toContain("LoRA 'oil-paint': 2 of 21 layers have no place in this model");
    expect(made.stderr).toContain('denoiser.down_blocks_3_attentions_7_proj_in');
    expect(generate('a red fox <lora:oil-paint:0.8> <lora:peft:-0.5>', 'both.png').status).toBe(0);
    expect(generate('a red fox <lora:oil-paint:0>', 'none.png').status).toBe(0);

    const [plain, oil, both, none] = await Promise.all(
      ['plain.png', 'oil.png', 'both.png', 'none.png'].map(pixels),
    );
    expect(none.equals(plain)).toBe(true);
    expect(oil.equals(plain)).toBe(false);
    expect(both.equals(oil)).toBe(false);
    const recipe = parseRecipeText(readPngText(readFileSync(join(folder, 'both.png')), RECIPE_KEYWORD) ?? '');
    expect(recipe?.loras).toMatchObject([
      { name: 'oil-paint', strength: 0.8 },
      { name: 'peft', strength: -0.5 },
    ]);
    expect(recipe?.loras?.[0].sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it('says what is there when a name is not, and where a tag belongs', () => {
    const unknown = generate('a red fox <lora:zeppelin>', 'no.png');
    expect(unknown).toMatchObject({ status: 2 });
    expect(unknown.stderr).toContain("There is no LoRA 'zeppelin'; installed: oil-paint, peft.");
    const negative = generate('a red fox', 'no.png', '--negative', '<lora:peft:1>');
    expect(negative.stderr).toContain('not in the negative prompt');
  });

  it('lists, verifies and removes them, and uses none that changed', () => {
    expect(gesso('models', 'list').stdout).toMatch(/<lora:oil-paint> {2}21 layers/);
    expect(gesso('models', 'verify', 'oil-paint').stdout).toContain('all files are as they should be');
    appendFileSync(join(folder, 'home/loras/oil-paint/lora.safetensors'), 'x');
    expect(gesso('models', 'verify')).toMatchObject({ status: 1 });
    expect(generate('a red fox <lora:oil-paint>', 'no.png').stderr).toContain(
      "LoRA 'oil-paint' cannot be used",
    );
    expect(gesso('models', 'remove', 'oil-paint').status).toBe(0);
    expect(gesso('models', 'list', '--json').stdout).not.toContain('oil-paint');
  });
});

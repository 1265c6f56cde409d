import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { noAbilities } from '../../../shared/contracts/abilities.ts';
import { readAbilities } from './service.ts';

test('the house pack can what its manifest lists', async () => {
  const manifest = readFileSync(join(process.cwd(), 'models/packs/house-image/model.json'), 'utf8');
  const { tasks, components, scale } = z
    .object({
      tasks: z.array(z.string()),
      components: z.record(z.string(), z.unknown()),
      scale: z.number(),
    })
    .parse(JSON.parse(manifest));
  expect(await readAbilities('house-image')).toEqual({
    instruct: tasks.includes('edit'),
    reference: tasks.includes('reference'),
    int8: 'denoiserInt8' in components,
    upscale: 'upscaler' in components && scale === 4,
  });
});

test('each ability is read by its own task or graph', async () => {
  const root = mkdtempSync(join(tmpdir(), 'gesso-abilities-'));
  try {
    for (const [id, tasks, components, scale] of [
      ['editor', ['text-to-image', 'edit'], {}, 1],
      ['follower', ['reference'], { denoiser: {} }, undefined],
      ['fast', [], { denoiser: {}, denoiserInt8: {} }, 4],
      ['enlarger', [], { upscaler: {} }, 4],
      ['doubler', [], { upscaler: {} }, 2],
    ] as const) {
      mkdirSync(join(root, 'models/packs', id), { recursive: true });
      writeFileSync(
        join(root, 'models/packs', id, 'model.json'),
        JSON.stringify({ tasks, components, scale }),
      );
    }
    expect(await readAbilities('editor', root)).toEqual({ ...noAbilities, instruct: true });
    expect(await readAbilities('follower', root)).toEqual({ ...noAbilities, reference: true });
    expect(await readAbilities('fast', root)).toEqual({ ...noAbilities, int8: true });
    expect(await readAbilities('enlarger', root)).toEqual({ ...noAbilities, upscale: true });
    expect(await readAbilities('doubler', root)).toEqual(noAbilities);
  } finally {
    rmSync(root, { recursive: true });
  }
});

test.each(['nothing-like-it', '../house-image', ''])('%s is not a pack of ours', async (packId) => {
  expect(await readAbilities(packId)).toEqual(noAbilities);
});

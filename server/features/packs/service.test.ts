import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { noAbilities } from '../../../shared/contracts/abilities.ts';
import { readAbilities } from './service.ts';

test('the house pack can what its manifest lists', async () => {
  const manifest = readFileSync(join(process.cwd(), 'models/packs/house-image/model.json'), 'utf8');
  const { tasks } = z.object({ tasks: z.array(z.string()) }).parse(JSON.parse(manifest));
  expect(await readAbilities('house-image')).toEqual({
    instruct: tasks.includes('edit'),
    reference: tasks.includes('reference'),
  });
});

test('each ability is read by its own task', async () => {
  const root = mkdtempSync(join(tmpdir(), 'gesso-abilities-'));
  try {
    for (const [id, tasks] of [
      ['editor', ['text-to-image', 'edit']],
      ['follower', ['reference']],
    ] as const) {
      mkdirSync(join(root, 'models/packs', id), { recursive: true });
      writeFileSync(join(root, 'models/packs', id, 'model.json'), JSON.stringify({ tasks }));
    }
    expect(await readAbilities('editor', root)).toEqual({ instruct: true, reference: false });
    expect(await readAbilities('follower', root)).toEqual({ instruct: false, reference: true });
  } finally {
    rmSync(root, { recursive: true });
  }
});

test.each(['nothing-like-it', '../house-image', ''])('%s is not a pack of ours', async (packId) => {
  expect(await readAbilities(packId)).toEqual(noAbilities);
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { settingsSchema } from './schema.ts';

it('starts a canvas with the settings that the house pack draws best with', () => {
  const manifest = join(import.meta.dirname, '../../models/packs/house-image/model.json');
  const { defaults } = JSON.parse(readFileSync(manifest, 'utf8'));
  expect(settingsSchema.parse({})).toMatchObject(defaults);
});

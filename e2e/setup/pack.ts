import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const root = join(import.meta.dirname, '../..');

/** What the shipped pack can do, by its manifest: some controls are there only where it can. */
export const { tasks: packTasks, components: packComponents } = z
  .object({ tasks: z.array(z.string()), components: z.record(z.string(), z.unknown()) })
  .parse(JSON.parse(readFileSync(join(root, 'models/packs/house-image/model.json'), 'utf8')));

/** A picture of 256 pixels: a blue camera in snow. */
export const scenePicture = join(root, 'models/fixtures/house/scenes/scene-0.png');

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { z } from 'zod';
import type { ImageRequest } from '../image-request.ts';
import { plainRequest } from '../testing/plain-request.ts';
import { preparePictures } from './conditioning.ts';
import { followReference } from './reference.ts';
import { sampleHouse } from './sample.ts';
import { readPictureFile, useShippedPack } from '../testing/shipped-pack.ts';

/**
 * Numbers that models/training/export/abilities.py computed with the same graphs, for the tasks that the pack lists. A pack
 * that lists a task has its numbers here, and one that does not has none.
 */
const fixtures = join(import.meta.dirname, '../../fixtures/house');
const abilitiesSchema = z.object({
  seed: z.number(),
  steps: z.number(),
  guidanceScale: z.number(),
  tolerance: z.number(),
  denoiserSha256: z.string(),
  edit: z.object({ prompt: z.string(), imageGuidanceScale: z.number(), latents: z.string() }).optional(),
  reference: z.object({ prompt: z.string(), strength: z.number(), latents: z.string() }).optional(),
});

const model = useShippedPack();

function readAbilities() {
  return abilitiesSchema.parse(JSON.parse(readFileSync(join(fixtures, 'abilities.json'), 'utf8')));
}

/** The largest difference between the sample of a request and what the training side has. */
async function differenceTo(file: string, wanted: Partial<ImageRequest>): Promise<number> {
  const { seed, steps, guidanceScale, denoiserSha256 } = readAbilities();
  const { manifest } = model();
  expect(manifest.components.denoiser.sha256).toBe(denoiserSha256);
  const request: ImageRequest = {
    ...plainRequest,
    prompt: '',
    seed,
    steps,
    guidanceScale,
    ...wanted,
  };
  const text = await model().encodePrompt(request.prompt);
  const { reference } = request;
  const positive =
    reference === undefined
      ? text
      : followReference(text, await model().encodeReference(reference.picture), reference.strength);
  const sampler = sampleHouse(request, {
    manifest,
    positive,
    negative: await model().encodePrompt(''),
    pictures: preparePictures(request, manifest),
    denoise: (input) => model().denoise(input),
    signal: new AbortController().signal,
  });
  let turn = await sampler.next();
  while (turn.done !== true) turn = await sampler.next();
  const { x } = turn.value;
  const bytes = Uint8Array.from(readFileSync(join(fixtures, file)));
  const expected = new Float32Array(bytes.buffer);
  expect(x).toHaveLength(expected.length);
  return x.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i])), 0);
}

it('reaches the same sample of an edit by instruction', async () => {
  if (!model().manifest.tasks.includes('edit')) {
    expect(existsSync(join(fixtures, 'edit.f32'))).toBe(false);
    return;
  }
  const { edit, tolerance } = readAbilities();
  if (edit === undefined) throw new Error('run models/training/export/abilities.py for this pack');
  const { prompt, imageGuidanceScale, latents } = edit;
  const request = {
    mode: 'instruct',
    prompt,
    imageGuidanceScale,
    source: await readPictureFile(join(fixtures, 'scenes/scene-0.png')),
  } as const;
  expect(await differenceTo(latents, request)).toBeLessThan(tolerance);
});

it('reaches the same sample with a reference picture', async () => {
  if (!model().manifest.tasks.includes('reference')) {
    expect(existsSync(join(fixtures, 'reference.f32'))).toBe(false);
    return;
  }
  const { reference, tolerance } = readAbilities();
  if (reference === undefined) throw new Error('run models/training/export/abilities.py for this pack');
  const { prompt, strength, latents } = reference;
  const scene = await readPictureFile(join(fixtures, 'scenes/scene-1.png'));
  // The upper half: wide, so that white paper shows above and below it.
  const picture = { width: 256, height: 128, data: scene.data.slice(0, 256 * 128 * 3) };
  const request = { prompt, reference: { picture, strength } };
  expect(await differenceTo(latents, request)).toBeLessThan(tolerance);
});

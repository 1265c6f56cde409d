import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { ImageRequest } from '../image-request.ts';
import { plainRequest } from '../testing/plain-request.ts';
import { preparePictures } from './conditioning.ts';
import { sampleHouse } from './sample.ts';
import { useShippedPack } from '../testing/shipped-pack.ts';

/** Numbers that the training side computed for this pack with Python, PyTorch's noise and onnxruntime. */
const fixtures = join(import.meta.dirname, '../../fixtures/house');
const golden = z
  .object({
    prompt: z.string(),
    seed: z.number(),
    guidanceScale: z.number(),
    tolerance: z.number(),
    noise: z.string(),
    latents: z.record(z.string(), z.string()),
    denoiserSha256: z.string(),
  })
  .parse(JSON.parse(readFileSync(join(fixtures, 'golden.json'), 'utf8')));

const model = useShippedPack();

function readFloats(name: string): Float32Array {
  const bytes = Uint8Array.from(readFileSync(join(fixtures, name)));
  return new Float32Array(bytes.buffer);
}

async function sample(steps: number): Promise<{ readonly first: Float32Array; readonly last: Float32Array }> {
  const request: ImageRequest = {
    ...plainRequest,
    prompt: golden.prompt,
    seed: golden.seed,
    steps,
    guidanceScale: golden.guidanceScale,
  };
  let first: Float32Array | null = null;
  const sampler = sampleHouse(request, {
    manifest: model().manifest,
    positive: await model().encodePrompt(request.prompt),
    negative: await model().encodePrompt(''),
    pictures: preparePictures(request, model().manifest),
    denoise: (input) => {
      first ??= Float32Array.from(input.x);
      return model().denoise(input);
    },
    signal: new AbortController().signal,
  });
  let turn = await sampler.next();
  while (turn.done !== true) {
    turn = await sampler.next();
  }
  return { first: first ?? new Float32Array(0), last: turn.value.x };
}

describe('the house core against the training side', () => {
  it('is the pack that the numbers were made with', () => {
    expect(model().manifest.components.denoiser.sha256).toBe(golden.denoiserSha256);
  });

  it.each(Object.entries(golden.latents))('reaches the same sample in %s steps', async (steps, file) => {
    const { first, last } = await sample(Number(steps));
    expect(first).toEqual(readFloats(golden.noise));
    const expected = readFloats(file);
    const worst = last.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i])), 0);
    expect(last).toHaveLength(expected.length);
    expect(worst).toBeLessThan(golden.tolerance);
  });
});

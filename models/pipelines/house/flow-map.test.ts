import { expect, it } from 'vitest';
import type { ImageRequest } from '../image-request.ts';
import { plainRequest } from '../testing/plain-request.ts';
import { useShippedPack } from '../testing/shipped-pack.ts';
import { flowMapFor } from './flow-map.ts';

const model = useShippedPack();
const flowMap = { mostSteps: 4, guidanceScales: [1, 6], freshNoise: 0 } as const;
const request: ImageRequest = {
  ...plainRequest,
  prompt: 'a fox',
  negativePrompt: ' ',
  seed: 1,
  steps: 4,
};
const map = {
  kind: 'edge',
  strength: 1,
  range: [0, 1],
  picture: { width: 1, height: 1, data: new Uint8Array(3) },
} as const;

it('is asked for few steps, with one map or none', () => {
  const manifest = { ...model().manifest, flowMap };
  expect(flowMapFor(request, manifest)).toBe(flowMap);
  expect(flowMapFor({ ...request, steps: 1, controls: [map] }, manifest)).toBe(flowMap);
});

it.each([
  ['more steps', { steps: 5 }],
  ['a guidance scale it has not learned', { guidanceScale: 7.5 }],
  ['a negative prompt', { negativePrompt: 'blurry' }],
  ['another solver', { solver: 'flow-heun' }],
  ['an edit by instruction', { mode: 'instruct' }],
  ['two maps', { controls: [map, map] }],
  ['a repaint with a map', { mode: 'inpaint', controls: [map] }],
] as const)('leaves %s to small steps', (_, change) => {
  expect(flowMapFor({ ...request, ...change }, { ...model().manifest, flowMap })).toBeNull();
});

it('is not asked of a pack without one', () => {
  expect(flowMapFor(request, { ...model().manifest, flowMap: undefined })).toBeNull();
});

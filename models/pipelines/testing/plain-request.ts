import type { ImageRequest } from '../image-request.ts';

/** A picture from words alone; tests change what they are about. */
export const plainRequest = {
  mode: 'text-to-image',
  prompt: 'a red fox in the snow',
  negativePrompt: '',
  seed: 7,
  width: 256,
  height: 256,
  steps: 8,
  guidanceScale: 3,
  solver: 'flow-euler',
  strength: 1,
  source: null,
  mask: null,
  controls: [],
} as const satisfies ImageRequest;

import type { GenerationMode } from '../../../shared/contracts/recipe.ts';
import type { RouterOutputs } from '../../_client/trpc.ts';

/** One press of Generate and what came of it, as the server tells it. */
export type Generation = RouterOutputs['generations']['history']['items'][number];
/** One finished picture of a generation. */
export type Output = Generation['outputs'][number];
/** Something a generation was made from. */
export type Input = Generation['inputs'][number];

/** What the generation did. */
export function modeOf(generation: Generation): GenerationMode {
  return generation.request?.mode ?? generation.outputs[0]?.recipe?.mode ?? 'text-to-image';
}

/** The words a generation is known by. */
export function wordsOf(generation: Generation): string {
  const { prompt } = generation;
  return modeOf(generation) === 'upscale' ? `${prompt}, enlarged` : prompt;
}

/** The pictures of a generation that are not in the trash. */
export function outputsOf(generation: Generation): readonly Output[] {
  return generation.outputs.filter((output) => !output.isTrashed);
}

import { z } from 'zod';

/** A picture for the worker that finds edges: red, green, blue, alpha per pixel. */
export const edgeMapAskSchema = z.object({
  width: z.number().int(),
  height: z.number().int(),
  data: z.instanceof(Uint8ClampedArray),
});

/** The tiles with a line on them, by "column,row", 256 × 256 grey values each. */
export const edgeMapAnswerSchema = z.object({
  tiles: z.array(z.tuple([z.string(), z.custom<Uint8Array>((value) => value instanceof Uint8Array)])),
});
export type EdgeMapAnswer = z.infer<typeof edgeMapAnswerSchema>;

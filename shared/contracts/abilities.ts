import { z } from 'zod';

/** What only some packs can do: its controls are shown where a pack has learned it. */
export const packAbilitiesSchema = z.object({
  /** Edits a picture as an instruction says. */
  instruct: z.boolean(),
  /** Follows a reference picture. */
  reference: z.boolean(),
  /** Has a second graph that computes in 8 bits: faster, and nearly the same picture. */
  int8: z.boolean(),
  /** Enlarges any picture. */
  upscale: z.boolean(),
});
export type PackAbilities = z.infer<typeof packAbilitiesSchema>;

export const noAbilities: PackAbilities = { instruct: false, reference: false, int8: false, upscale: false };

import { type Recipe, usualImageGuidanceScale } from '../../../shared/contracts/recipe.ts';
import { contentHashSchema, type Reference, type Settings } from '../../../shared/document/schema.ts';

/** The settings that a recipe brings to a canvas. What it does is left to the canvas, but for edits by instruction. */
export function settingsFrom(recipe: Recipe, current: Settings): Partial<Settings> {
  const { steps, guidanceScale, solver, strength } = recipe;
  const arithmetic = recipe.arithmetic ?? 'exact';
  const shared: Partial<Settings> = { steps, guidanceScale, solver, arithmetic };
  if (recipe.mode === 'instruct') {
    const imageGuidanceScale = recipe.imageGuidanceScale ?? usualImageGuidanceScale;
    return { ...shared, mode: 'instruct', imageGuidanceScale };
  }
  // Words that describe a picture must not be taken for an instruction.
  const released: Partial<Settings> = current.mode === 'instruct' ? { mode: 'auto' } : {};
  return recipe.mode === 'text-to-image' ? { ...shared, ...released } : { ...shared, ...released, strength };
}

/** The reference picture of a recipe; a recipe from the canvas names the stored file itself. */
export function referenceFrom({ reference }: Recipe, current: Reference | null): Reference | null {
  if (reference === undefined) return null;
  const asset = contentHashSchema.parse(reference.sha256);
  const name = current?.asset === asset ? current.name : 'Reference';
  return { asset, name, strength: reference.strength };
}

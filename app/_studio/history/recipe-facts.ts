import { type Recipe, usualImageGuidanceScale } from '../../../shared/contracts/recipe.ts';
import { describeMode } from '../../../shared/document/mode.ts';
import { controlWords, percent } from '../../_editor/core/control-words.ts';
import { describeDuration } from '../../_ui/age.ts';
import { arithmeticWords } from '../generation/arithmetic-field.tsx';

/** One line of a recipe: what it is, its value, and whether it is read digit by digit. */
interface RecipeFact {
  readonly name: string;
  readonly value: string;
  /** The whole value, when `value` is shortened. */
  readonly full?: string;
  readonly exact?: boolean;
}

const solverNames = { 'flow-euler': 'Euler', 'flow-heun': 'Heun' } as const;

/** The complete recipe as lines for a person, the painter's words first and the machine's last. */
export function recipeFacts(recipe: Recipe): readonly RecipeFact[] {
  const what = describeMode(recipe.mode, recipe.strength);
  const size: RecipeFact = { name: 'Size', value: `${recipe.width} × ${recipe.height}` };
  const facts: RecipeFact[] =
    recipe.mode === 'upscale'
      ? [{ name: 'What', value: `${what} ×${recipe.scale ?? ''}` }, size]
      : [
          { name: 'What', value: what },
          { name: 'Seed', value: String(recipe.seed), exact: true },
          size,
          { name: 'Steps', value: String(recipe.steps) },
          { name: 'Guidance', value: String(recipe.guidanceScale) },
          { name: 'Solver', value: recipe.scheduler ?? solverNames[recipe.solver] },
        ];
  if (recipe.arithmetic === 'int8') facts.push({ name: 'Arithmetic', value: arithmeticWords.int8 });
  if (recipe.mode === 'image-to-image' || recipe.mode === 'inpaint') {
    facts.push({ name: 'Strength', value: `${Math.round(recipe.strength * 100)} %` });
  }
  if (recipe.mode === 'instruct') {
    facts.push({
      name: 'Image guidance',
      value: String(recipe.imageGuidanceScale ?? usualImageGuidanceScale),
    });
  }
  facts.push(
    { name: 'Pack', value: `${recipe.pack.id} ${recipe.pack.version}` },
    hashFact('Weights', recipe.pack.sha256),
  );
  if (recipe.source !== null) facts.push(hashFact('Source', recipe.source.sha256));
  if (recipe.mask !== null) facts.push(hashFact('Mask', recipe.mask.sha256));
  for (const { kind, strength, range, sha256 } of recipe.controls) {
    const [start, end] = range.map(percent);
    const steps = start === 0 && end === 100 ? '' : `, steps ${start}–${end} %`;
    const { name } = controlWords[kind];
    facts.push(
      { name: `Follows ${name.toLowerCase()}`, value: `${percent(strength)} %${steps}` },
      hashFact(`${name} map`, sha256),
    );
  }
  if (recipe.reference !== undefined) {
    const { strength, sha256 } = recipe.reference;
    facts.push(
      { name: 'Follows reference', value: `${percent(strength)} %` },
      hashFact('Reference picture', sha256),
    );
  }
  for (const { name, strength, sha256 } of recipe.loras ?? []) {
    facts.push({ name: `LoRA ${name}`, value: String(strength) }, hashFact(`File of ${name}`, sha256));
  }
  if (recipe.notices?.length) facts.push({ name: 'Without effect', value: recipe.notices.join(' ') });
  if (recipe.canvas !== null) {
    facts.push({ name: 'Canvas version', value: String(recipe.canvas.version), exact: true });
  }
  if (recipe.worker !== null) facts.push({ name: 'Worker', value: recipe.worker });
  if (recipe.durationMs !== null) facts.push({ name: 'Took', value: describeDuration(recipe.durationMs) });
  return facts;
}

function hashFact(name: string, hash: string): RecipeFact {
  return { name, value: `${hash.slice(0, 12)}…`, full: hash, exact: true };
}

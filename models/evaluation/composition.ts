import { z } from 'zod';
import type { FoundObject, SceneParserManifest, SceneReading } from './scene-parser.ts';

/** What a prompt asks for; null where it says nothing. Written by models/training/evaluate/fixtures.py. */
export const askedSceneSchema = z.object({
  prompt: z.string(),
  /** Which group of prompts it belongs to; "…, unseen" has a colour or relation that no training scene had. */
  kind: z.string(),
  objects: z
    .array(z.object({ concept: z.string(), color: z.string().nullable(), count: z.number().int() }))
    .max(2),
  relation: z.enum(['left of', 'right of', 'next to', 'above', 'below', 'on top of']).nullable(),
  background: z.string().nullable(),
  plainColor: z.string().nullable(),
  time: z.string().nullable(),
  weather: z.string().nullable(),
  style: z.string().nullable(),
});
export type AskedScene = z.infer<typeof askedSceneSchema>;

/** The questions asked of every picture, after GenEval (Ghosh, Hajishirzi and Schmidt 2023). */
export const ASPECTS = [
  'object',
  'two objects',
  'colour of the thing',
  'object and its colour',
  'number of things',
  'object and number',
  'arrangement of the things',
  'objects and relation',
  'background',
  'time of day',
  'weather',
  'style',
  'everything asked',
] as const;
export type Aspect = (typeof ASPECTS)[number];

/** Right or wrong for every aspect that the prompt speaks of. */
export type Verdict = Readonly<Partial<Record<Aspect, boolean>>>;

/**
 * Compares what the parser read with what a prompt asks for.
 *
 * "object" wants the concept to be the parser's first choice of a thing. "colour of the thing" looks at the thing that is
 * most likely the concept, whatever it is taken for; "object and its colour" wants both right. "arrangement" looks at
 * the two things most likely the asked ones, "objects and relation" wants their names right as well.
 */
export function judge(asked: AskedScene, reading: SceneReading, manifest: SceneParserManifest): Verdict {
  const { objects } = asked;
  const found = reading.objects;
  const standIns = assign(asked, found, manifest);
  const named = standIns.map((thing, i) => thing?.concept === objects[i].concept);
  const painted = standIns.map((thing, i) => thing !== null && hasColor(thing, objects[i], manifest));
  const all = (parts: readonly boolean[]): boolean => parts.every(Boolean);
  const verdict: Partial<Record<Aspect, boolean>> = {};
  if (objects.length > 0) verdict[objects.length === 1 ? 'object' : 'two objects'] = all(named);
  const coloured = objects.flatMap((object, i) => (object.color === null ? [] : [i]));
  if (coloured.length > 0) {
    verdict['colour of the thing'] = coloured.every((i) => painted[i]);
    verdict['object and its colour'] = coloured.every((i) => painted[i] && named[i]);
  }
  if (objects.length === 1 && objects[0].count > 1) {
    const [{ concept, count }] = objects;
    verdict['number of things'] = found.length === count;
    verdict['object and number'] =
      found.length === count && found.every((thing) => thing.concept === concept);
  }
  if (asked.relation !== null) {
    const [first, second] = standIns;
    const arranged = first !== null && second !== null && isArranged(first, second, asked.relation);
    verdict['arrangement of the things'] = arranged;
    verdict['objects and relation'] = arranged && all(named);
  }
  if (asked.background !== null) {
    verdict.background =
      reading.background === asked.background &&
      (asked.plainColor === null || reading.plainColor === asked.plainColor);
  }
  if (asked.time !== null) verdict['time of day'] = reading.time === asked.time;
  if (asked.weather !== null) verdict.weather = reading.weather === asked.weather;
  if (asked.style !== null) verdict.style = found.length > 0 && found[0].style === asked.style;
  const total = objects.reduce((sum, object) => sum + object.count, 0);
  verdict['everything asked'] = found.length === total && all(Object.values(verdict));
  return verdict;
}

/** Returns, for every asked object, the thing that stands for it: the assignment with the largest product of shares. */
function assign(
  asked: AskedScene,
  found: readonly FoundObject[],
  manifest: SceneParserManifest,
): readonly (FoundObject | null)[] {
  const index = asked.objects.map(({ concept }) => manifest.vocabulary.concepts.indexOf(concept));
  const share = (thing: FoundObject, i: number): number => Math.log(thing.shares[index[i]] + 1e-6);
  if (found.length === 0) {
    return asked.objects.map(() => null);
  }
  if (asked.objects.length < 2 || found.length === 1) {
    const [first] = [...found].sort((a, b) => share(b, 0) - share(a, 0));
    return asked.objects.map((_, i) => (i === 0 ? first : null));
  }
  let best: readonly FoundObject[] = [];
  let most = Number.NEGATIVE_INFINITY;
  for (const first of found) {
    for (const second of found) {
      const value = share(first, 0) + share(second, 1);
      if (first !== second && value > most) {
        most = value;
        best = [first, second];
      }
    }
  }
  return best;
}

function hasColor(
  thing: FoundObject,
  wanted: AskedScene['objects'][number],
  manifest: SceneParserManifest,
): boolean {
  if (wanted.color === null) return true;
  const natural = manifest.naturalColors[wanted.concept] ?? [];
  return thing.color === wanted.color || (thing.color === 'natural' && natural.includes(wanted.color));
}

/** Centres at least this far apart, as a share of the picture, along the relation's axis, and mostly along it. */
const APART = 0.1;

function isArranged(
  first: FoundObject,
  second: FoundObject,
  relation: NonNullable<AskedScene['relation']>,
): boolean {
  const right = second.box.x - first.box.x;
  const down = second.box.y - first.box.y;
  const sideways = Math.abs(right) > Math.abs(down);
  switch (relation) {
    case 'left of':
      return sideways && right > APART;
    case 'right of':
      return sideways && right < -APART;
    case 'next to':
      return sideways && Math.abs(right) > APART;
    case 'above':
    case 'on top of':
      return !sideways && down > APART;
    case 'below':
      return !sideways && down < -APART;
  }
}

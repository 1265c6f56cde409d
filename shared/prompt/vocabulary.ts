import { z } from 'zod';

/**
 * What a house pack knows how to draw, and the notice for words outside it. A small model answers every prompt with some
 * picture; saying which words it never learned is the honest half of that answer.
 */

const termSchema = z.union([
  z.string().min(1).max(80),
  z.object({
    name: z.string().min(1).max(80),
    plural: z.string().max(80).default(''),
    synonyms: z.array(z.string().min(1).max(80)).default([]),
  }),
]);
const termsSchema = z.array(termSchema).max(20_000).default([]);

/** Schema of a pack's vocabulary.json. Only `concepts` is required; each list may name plain words or words with synonyms. */
export const vocabularySchema = z.object({
  concepts: z.array(termSchema).min(1).max(20_000),
  colors: termsSchema,
  backgrounds: termsSchema,
  styles: termsSchema,
  relations: termsSchema,
  times: termsSchema,
  weathers: termsSchema,
  sizes: termsSchema,
  functionWords: termsSchema,
  /** For common words outside the pack: the concept that comes closest in meaning. */
  nearest: z.record(z.string().max(80), z.string().max(80)).default({}),
  /** The same for places. */
  nearestPlaces: z.record(z.string().max(80), z.string().max(80)).default({}),
});
export type Vocabulary = z.infer<typeof vocabularySchema>;

/** A word the pack never learned, and the known concept nearest to it when there is one. */
export interface UnknownWord {
  readonly word: string;
  readonly nearest: string | null;
}

/** English words that carry no picture of their own: never worth a notice, whatever the pack lists. */
const GRAMMAR = new Set(
  (
    'a an the and or but of in on at by to for from with without into onto over under above below behind beside besides ' +
    'between near next front top bottom left right side up down out off around through across along inside outside ' +
    'is are was were be been being am do does did has have had having it its this that these those there here ' +
    'he she they them his her their my your our we you i me us who which what where when while as than then so very ' +
    'some any one two three four five six seven eight nine ten many few more most much no not all each both other ' +
    'picture image drawing illustration art artwork scene please make show draw paint generate create ' +
    'turn change replace color colour background time'
  ).split(' '),
);

const MAX_NOTICES = 12;

/**
 * Returns the words of `prompt` that `vocabulary` does not know, in the order in which they appear, each once, at most
 * twelve. The nearest concept comes from the pack's own table, else from spelling (optimal string alignment distance 1,
 * or 2 from seven letters on); it is null when nothing is close.
 *
 * Plural and simple verb forms of a known word count as known. Pure, no I/O.
 */
export function describeUnknownWords(prompt: string, vocabulary: Vocabulary): readonly UnknownWord[] {
  const known = collectKnownWords(vocabulary);
  const notices = new Map<string, UnknownWord>();
  for (const match of stripPromptSyntax(prompt).matchAll(/\p{L}[\p{L}\p{M}'’]*/gu)) {
    const word = normaliseWord(match[0]);
    if (word.length < 2 || notices.has(word) || isKnown(word, known)) {
      continue;
    }
    notices.set(word, { word, nearest: findNearest(word, vocabulary) });
    if (notices.size === MAX_NOTICES) {
      break;
    }
  }
  return [...notices.values()];
}

/** Returns one sentence for a person about an unknown word. */
export function formatUnknownWord(unknown: UnknownWord): string {
  return unknown.nearest === null
    ? `This pack has not learned “${unknown.word}”, and nothing it knows is close.`
    : `This pack has not learned “${unknown.word}”; the nearest it knows is “${unknown.nearest}”.`;
}

/** Removes what prompts carry besides words: `<lora:name:1>` tags and weights such as `:1.2`. */
function stripPromptSyntax(prompt: string): string {
  return prompt.replace(/<[^<>]*>/g, ' ').replace(/\bBREAK\b/g, ' ');
}

function normaliseWord(word: string): string {
  return word
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll('’', "'")
    .replace(/'s$|'+$/, '');
}

function collectKnownWords(vocabulary: Vocabulary): ReadonlySet<string> {
  const known = new Set<string>();
  const lists = [
    vocabulary.concepts,
    vocabulary.colors,
    vocabulary.backgrounds,
    vocabulary.styles,
    vocabulary.relations,
    vocabulary.times,
    vocabulary.weathers,
    vocabulary.sizes,
    vocabulary.functionWords,
  ];
  for (const term of lists.flat()) {
    const names = typeof term === 'string' ? [term] : [term.name, term.plural, ...term.synonyms];
    for (const match of names.join(' ').matchAll(/\p{L}[\p{L}\p{M}'’]*/gu)) {
      known.add(normaliseWord(match[0]));
    }
  }
  return known;
}

function isKnown(word: string, known: ReadonlySet<string>): boolean {
  return GRAMMAR.has(word) || stems(word).some((stem) => known.has(stem));
}

/** The word itself and the base forms it may be an English inflection of. */
function stems(word: string): readonly string[] {
  const forms = [word, `${word}s`];
  for (const [suffix, replacement] of INFLECTIONS) {
    if (word.length > suffix.length + 2 && word.endsWith(suffix)) {
      const base = word.slice(0, -suffix.length);
      forms.push(base + replacement);
      const last = base.at(-1);
      if (last !== undefined && last === base.at(-2)) {
        forms.push(base.slice(0, -1));
      }
    }
  }
  return forms;
}

const INFLECTIONS: readonly (readonly [string, string])[] = [
  ['s', ''],
  ['es', ''],
  ['ies', 'y'],
  ['ves', 'f'],
  ['ing', ''],
  ['ing', 'e'],
  ['ed', ''],
  ['ed', 'e'],
  ['y', ''],
];

function findNearest(word: string, vocabulary: Vocabulary): string | null {
  for (const stem of stems(word)) {
    for (const table of [vocabulary.nearest, vocabulary.nearestPlaces]) {
      const listed = Object.hasOwn(table, stem) ? table[stem] : undefined;
      if (listed !== undefined) {
        return listed;
      }
    }
  }
  const limit = word.length >= 7 ? 2 : word.length >= 4 ? 1 : 0;
  let best: { readonly name: string; readonly distance: number } | null = null;
  for (const term of vocabulary.concepts) {
    const names = typeof term === 'string' ? [term] : [term.name, ...term.synonyms];
    for (const name of names) {
      const distance = measureSpelling(word, normaliseWord(name), limit);
      if (distance <= limit && (best === null || distance < best.distance)) {
        best = { name: typeof term === 'string' ? term : term.name, distance };
      }
    }
  }
  return best?.name ?? null;
}

/** Optimal string alignment distance (insert, delete, replace, swap neighbours); more than `limit` may be any such number. */
function measureSpelling(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) {
    return limit + 1;
  }
  let beforePrevious: readonly number[] = [];
  let previous: readonly number[] = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replace = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let cost = Math.min(replace, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, (beforePrevious[j - 2] ?? 0) + 1);
      }
      row.push(cost);
    }
    beforePrevious = previous;
    previous = row;
  }
  return previous[b.length] ?? limit + 1;
}

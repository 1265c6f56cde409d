/**
 * The prompt language that people bring from other tools: `(text)` and `((text))` for more weight, `[text]` for less,
 * `(text:1.3)` for exactly that weight, `\(` for a bracket that means itself, `BREAK` for a new chunk, `<lora:name:0.8>`.
 */

export interface WeightedText {
  readonly text: string;
  readonly weight: number;
}

export interface LoraTag {
  readonly name: string;
  readonly weight: number;
}

export interface ParsedPrompt {
  /** Parts between BREAKs, at least one. */
  readonly parts: readonly (readonly WeightedText[])[];
  readonly loras: readonly LoraTag[];
}

/** One pair of brackets changes the weight by this factor. */
const BRACKET_FACTOR = 1.1;
const MAX_WEIGHT = 10;
const LORA = /<lora:([^<>:]+)(?::(-?\d*\.?\d+))?>/g;
const TOKEN = /\\[()[\]\\]|:\s*-?\d*\.?\d+\s*\)|[()[\]]|[^\\()[\]:]+|[\\:]/g;

interface Open {
  readonly bracket: '(' | '[';
  /** Position in the list of pieces at which the bracket opened. */
  readonly from: number;
}

/**
 * Parses a prompt. Brackets that never close, and closing ones that were never opened, are read as text: a slip of the
 * keyboard changes no weight elsewhere. Weights are limited to ±10.
 */
export function parsePrompt(prompt: string): ParsedPrompt {
  const loras = Array.from(prompt.matchAll(LORA), ([, name, weight]) => ({
    name: name.trim(),
    weight: weight === undefined ? 1 : limit(Number(weight)),
  }));
  const text = prompt.replace(LORA, ' ');
  const parts = text.split(/\bBREAK\b/).map(parseWeights);
  return { parts, loras };
}

/** Returns a prompt without its LoRA tags, otherwise as it was. */
export function withoutLoras(prompt: string): string {
  return prompt.replace(LORA, ' ').trim();
}

/** Returns the words of a prompt without its syntax. */
export function plainText(prompt: string): string {
  return parsePrompt(prompt)
    .parts.map((part) => part.map((piece) => piece.text).join(''))
    .join(' ')
    .replace(/\s+/g, ' ')
    .trim();
}

function parseWeights(text: string): readonly WeightedText[] {
  const pieces: { text: string; weight: number }[] = [];
  const open: Open[] = [];

  function close(bracket: '(' | '[', factor: number): boolean {
    const last = open.at(-1);
    if (last?.bracket !== bracket) {
      return false;
    }
    open.pop();
    // The bracket's own piece is emptied now that it turned out to be syntax.
    pieces[last.from].text = '';
    for (const piece of pieces.slice(last.from + 1)) {
      piece.weight *= factor;
    }
    return true;
  }

  for (const [token] of text.matchAll(TOKEN)) {
    if (token === '(' || token === '[') {
      open.push({ bracket: token, from: pieces.length });
      pieces.push({ text: token, weight: 1 });
    } else if (token === ')' && close('(', BRACKET_FACTOR)) {
    } else if (token === ']' && close('[', 1 / BRACKET_FACTOR)) {
    } else if (token.endsWith(')') && token.length > 1 && !token.startsWith('\\')) {
      const weight = limit(Number(token.slice(1, -1)));
      if (!close('(', weight)) {
        pieces.push({ text: token, weight: 1 });
      }
    } else {
      pieces.push({ text: /^\\[()[\]\\]$/.test(token) ? token.slice(1) : token, weight: 1 });
    }
  }
  return joinEqual(pieces.map((piece) => ({ text: piece.text, weight: limit(piece.weight) })));
}

/** Joins neighbours of one weight and drops empty pieces, so that words cut by an escape become whole again. */
function joinEqual(pieces: readonly WeightedText[]): readonly WeightedText[] {
  const out: { text: string; weight: number }[] = [];
  for (const piece of pieces) {
    const last = out.at(-1);
    if (piece.text === '') {
      continue;
    }
    if (last !== undefined && last.weight === piece.weight) {
      last.text += piece.text;
    } else {
      out.push({ ...piece });
    }
  }
  return out;
}

function limit(weight: number): number {
  return Math.min(Math.max(weight, -MAX_WEIGHT), MAX_WEIGHT);
}

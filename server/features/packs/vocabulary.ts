import { readFile } from 'node:fs/promises';
import { type Vocabulary, vocabularySchema } from '../../../shared/prompt/vocabulary.ts';
import { fileOfHousePack } from './house-pack.ts';

/**
 * What a house pack knows how to draw, for the notice under the prompt; null for a pack that is not ours or lists no
 * words.
 */
export async function readVocabulary(packId: string, root = process.cwd()): Promise<Vocabulary | null> {
  const file = fileOfHousePack(packId, 'vocabulary.json', root);
  if (file === null) return null;
  try {
    const text = await readFile(file, 'utf8');
    return vocabularySchema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

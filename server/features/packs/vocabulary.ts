import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Vocabulary, vocabularySchema } from '../../../shared/prompt/vocabulary.ts';

/** The packs that come with the product, seen from the folder that every process is started in. */
const housePacks = 'models/packs';
const packIdSchema = /^[a-z0-9][a-z0-9-]{0,63}$/;

/**
 * What a house pack knows how to draw, for the notice under the prompt; null for a pack that is not ours or lists no
 * words. Only this one small file of a pack is read here: the web process never loads a model.
 */
export async function readVocabulary(packId: string, root = process.cwd()): Promise<Vocabulary | null> {
  if (!packIdSchema.test(packId)) return null;
  try {
    const text = await readFile(join(root, housePacks, packId, 'vocabulary.json'), 'utf8');
    return vocabularySchema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

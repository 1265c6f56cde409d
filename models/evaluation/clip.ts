import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { PackError } from '../catalog/pack-error.ts';
import type { RgbPicture } from '../pipelines/image/picture.ts';
import type { SessionCache, SessionLease } from '../runtime/session-cache.ts';
import { floatData, type HostTensor, int64Tensor } from '../runtime/tensor.ts';
import { loadSequenceTokenizer } from '../text/sequence-tokenizer.ts';
import { toSample } from './scene-parser.ts';

const fileSchema = z.object({ file: z.string().regex(/^[\w-]+\.(onnx|json)$/), sha256: z.string() });

/** house-clip.json, written beside a house pack by models/training/clip/train.py --export. */
const manifestSchema = z.object({
  picture: fileSchema,
  text: fileSchema,
  /** The tokenizer it was trained with; it is the pack's own. */
  tokenizer: fileSchema,
  size: z.number().int(),
  dimensions: z.number().int(),
  frame: z.object({
    length: z.number().int(),
    padId: z.number().int(),
    bosId: z.number().int(),
    eosId: z.number().int(),
  }),
  trained: z.object({
    pictures: z.number(),
    steps: z.number(),
    minutes: z.number(),
    accuracy: z.record(z.string(), z.number()),
  }),
});
export type HouseClipManifest = z.infer<typeof manifestSchema>;

/** A point on the unit sphere in which pictures and the words for them lie near each other. */
export type Embedding = Float32Array;

/** Two towers, one for pictures and one for prompts, with a common space (Radford et al. 2021). */
export interface HouseClip {
  readonly manifest: HouseClipManifest;
  /** Pictures of any size; they are brought to the network's square. */
  embedPictures(pictures: readonly RgbPicture[]): Promise<readonly Embedding[]>;
  /** Prompts; what does not fit into the text tower's length is cut. */
  embedPrompts(prompts: readonly string[]): Promise<readonly Embedding[]>;
  close(): void;
}

const batch = 16;

/**
 * Opens the house-CLIP that lies beside a pack's model.json. Throws PackError `not-found` when the pack has none and
 * `damaged` when a file is not the one that house-clip.json names: another tokenizer would give other ids for the same words.
 */
export async function openHouseClip(folder: string, sessions: SessionCache): Promise<HouseClip> {
  const text = await readFile(join(folder, 'house-clip.json'), 'utf8').catch(() => null);
  if (text === null) {
    throw new PackError('not-found', `${folder} has no house-clip.json; models/training/clip makes one.`);
  }
  const manifest = manifestSchema.parse(JSON.parse(text));
  for (const part of [manifest.picture, manifest.text, manifest.tokenizer]) {
    await checkFile(folder, part);
  }
  const tokenizer = await loadSequenceTokenizer(join(folder, manifest.tokenizer.file), manifest.frame);
  const pictures = await sessions.acquire(join(folder, manifest.picture.file));
  const texts = await sessions.acquire(join(folder, manifest.text.file)).catch((error: unknown) => {
    pictures.release();
    throw error;
  });
  const { length } = manifest.frame;
  return {
    manifest,
    embedPictures: (given) =>
      embedAll(given, { lease: pictures, output: 'image_embeds' }, (part) => ({
        sample: toSample(part, manifest.size),
      })),
    embedPrompts: (given) =>
      embedAll(given, { lease: texts, output: 'text_embeds' }, (part) => {
        const ids = part.flatMap((prompt) => [...tokenizer.encode(prompt)]);
        return { input_ids: int64Tensor([part.length, length], ids) };
      }),
    close() {
      pictures.release();
      texts.release();
    },
  };
}

/** Cosine of the angle between two embeddings, -1 … 1. */
export function similarity(a: Embedding, b: Embedding): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += a[i] * b[i];
  return sum;
}

/** Index of the candidate that is nearest to an embedding; the first of equals. */
export function findNearest(embedding: Embedding, candidates: readonly Embedding[]): number {
  let best = 0;
  let most = Number.NEGATIVE_INFINITY;
  for (const [i, candidate] of candidates.entries()) {
    const value = similarity(embedding, candidate);
    if (value > most) {
      most = value;
      best = i;
    }
  }
  return best;
}

/** Share of pairs (positive, negative) in which the positive is larger, equals counting half: the area under the ROC curve. */
export function areaUnderCurve(positives: readonly number[], negatives: readonly number[]): number {
  let won = 0;
  for (const positive of positives) {
    for (const negative of negatives) {
      if (positive > negative) won += 1;
      else if (positive === negative) won += 0.5;
    }
  }
  return won / (positives.length * negatives.length);
}

async function checkFile(folder: string, { file, sha256 }: z.infer<typeof fileSchema>): Promise<void> {
  const path = join(folder, file);
  const bytes = await readFile(path).catch(() => null);
  if (bytes === null) {
    throw new PackError('not-found', `${path} is missing.`);
  }
  if (createHash('sha256').update(bytes).digest('hex') !== sha256) {
    throw new PackError('damaged', `${path} is not the file that house-clip.json names.`);
  }
}

async function embedAll<T>(
  given: readonly T[],
  tower: { readonly lease: SessionLease; readonly output: string },
  feed: (part: readonly T[]) => Readonly<Record<string, HostTensor>>,
): Promise<readonly Embedding[]> {
  const embeddings: Embedding[] = [];
  for (let start = 0; start < given.length; start += batch) {
    const part = given.slice(start, start + batch);
    const out = floatData(await tower.lease.session.runForOutput(feed(part), tower.output));
    const each = out.length / part.length;
    embeddings.push(...part.map((_, i) => out.slice(i * each, (i + 1) * each)));
  }
  return embeddings;
}

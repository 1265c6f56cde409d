import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { PackError } from '../catalog/pack-error.ts';
import { type RgbPicture, toFloatPicture, toSignedPlanes } from '../pipelines/image/picture.ts';
import { resizePicture } from '../pipelines/image/resize.ts';
import type { SessionCache } from '../runtime/session-cache.ts';
import { float32Tensor, floatData, type HostTensor } from '../runtime/tensor.ts';

/** scene-parser.json, written beside a house pack by models/training/parser/train.py --export. */
const manifestSchema = z.object({
  file: z.string().regex(/^[\w-]+\.onnx$/),
  sha256: z.string(),
  size: z.number().int(),
  grid: z.number().int(),
  /** Probability from which a cell counts as the centre of an object. */
  threshold: z.number(),
  vocabulary: z.object({
    concepts: z.array(z.string()),
    /** The last one is the natural colour of the concept. */
    colors: z.array(z.string()),
    backgrounds: z.array(z.string()),
    plainColors: z.array(z.string()),
    times: z.array(z.string()),
    weathers: z.array(z.string()),
    styles: z.array(z.string()),
  }),
  /** Colours that a concept has by nature: an "orange pumpkin" is a pumpkin as it is. */
  naturalColors: z.record(z.string(), z.array(z.string())),
  /** Mean and covariance of the features of composed pictures; base64 of float32 values. */
  reference: z.object({ count: z.number().int(), mean: z.string(), covariance: z.string() }),
  trained: z.object({
    pictures: z.number(),
    steps: z.number(),
    minutes: z.number(),
    accuracy: z.record(z.string(), z.number()),
  }),
});
export type SceneParserManifest = z.infer<typeof manifestSchema>;

export interface FoundObject {
  readonly concept: string;
  readonly color: string;
  /** How it is drawn. */
  readonly style: string;
  /** Probability of a centre. */
  readonly score: number;
  /** Centre and size in shares of the picture. */
  readonly box: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
  /** Probability of every concept, in the manifest's order. */
  readonly shares: Float32Array;
}

export interface SceneReading {
  /** The surest first. */
  readonly objects: readonly FoundObject[];
  readonly background: string;
  readonly plainColor: string;
  readonly time: string;
  readonly weather: string;
  /** What the network sees of the whole picture, for distances between sets of pictures. */
  readonly features: Float32Array;
}

export interface SceneParser {
  readonly manifest: SceneParserManifest;
  /** Reads pictures of any size; they are brought to the network's square. */
  read(pictures: readonly RgbPicture[]): Promise<readonly SceneReading[]>;
  close(): void;
}

const BATCH = 16;

/**
 * Opens the scene parser that lies beside a pack's model.json. Throws PackError `not-found` when the pack has none and
 * `damaged` when the file is not the one its manifest names.
 */
export async function openSceneParser(folder: string, sessions: SessionCache): Promise<SceneParser> {
  const text = await readFile(join(folder, 'scene-parser.json'), 'utf8').catch(() => null);
  if (text === null) {
    throw new PackError(
      'not-found',
      `${folder} has no scene-parser.json, so nothing can read its pictures; models/training/parser makes one.`,
    );
  }
  const manifest = manifestSchema.parse(JSON.parse(text));
  const path = join(folder, manifest.file);
  const bytes = await readFile(path).catch(() => null);
  if (bytes === null) {
    throw new PackError('not-found', `${path} is missing.`);
  }
  if (createHash('sha256').update(bytes).digest('hex') !== manifest.sha256) {
    throw new PackError('damaged', `${path} is not the file that scene-parser.json names.`);
  }
  const { session, release } = await sessions.acquire(path);
  return {
    manifest,
    async read(pictures) {
      const readings: SceneReading[] = [];
      for (let start = 0; start < pictures.length; start += BATCH) {
        const part = pictures.slice(start, start + BATCH);
        const out = await session.run({ sample: toSample(part, manifest.size) });
        readings.push(...part.map((_, i) => decode(i, out, manifest)));
      }
      return readings;
    },
    close: release,
  };
}

/** Returns pictures of any size as one batch [count, 3, size, size] in -1 … 1. */
export function toSample(pictures: readonly RgbPicture[], size: number): HostTensor {
  const planes = new Float32Array(pictures.length * 3 * size * size);
  pictures.forEach((picture, i) => {
    planes.set(toSignedPlanes(resizePicture(toFloatPicture(picture, 3), size, size)), i * 3 * size * size);
  });
  return float32Tensor([pictures.length, 3, size, size], planes);
}

function decode(
  index: number,
  out: Readonly<Record<string, HostTensor>>,
  manifest: SceneParserManifest,
): SceneReading {
  const { vocabulary } = manifest;
  const scene = rowOf(out.scene, index);
  let offset = 0;
  const next = (names: readonly string[]): string => {
    const name = names[indexOfMax(scene.subarray(offset, offset + names.length))];
    offset += names.length;
    return name;
  };
  return {
    objects: findObjects(rowOf(out.objects, index), manifest),
    background: next(vocabulary.backgrounds),
    plainColor: next(vocabulary.plainColors),
    time: next(vocabulary.times),
    weather: next(vocabulary.weathers),
    features: rowOf(out.features, index).slice(),
  };
}

/** `maps` is [1 + concepts + colours + 4 + styles, grid, grid]; a centre is a cell that no neighbour exceeds (Zhou et al. 2019). */
export function findObjects(
  maps: Float32Array,
  manifest: Pick<SceneParserManifest, 'grid' | 'threshold' | 'vocabulary'>,
): readonly FoundObject[] {
  const { grid, threshold } = manifest;
  const { concepts, colors, styles } = manifest.vocabulary;
  const area = grid * grid;
  const at = (channel: number, cell: number): number => maps[channel * area + cell];
  const found: FoundObject[] = [];
  for (let cell = 0; cell < area; cell += 1) {
    const row = Math.floor(cell / grid);
    const column = cell % grid;
    const score = 1 / (1 + Math.exp(-at(0, cell)));
    if (score < threshold || neighbours(row, column, grid).some((other) => maps[other] > maps[cell])) {
      continue;
    }
    const logits = (first: number, names: readonly string[]): Float32Array =>
      Float32Array.from(names, (_, k) => at(first + k, cell));
    const box = 1 + concepts.length + colors.length;
    const shares = softmax(logits(1, concepts));
    found.push({
      concept: concepts[indexOfMax(shares)],
      color: colors[indexOfMax(logits(1 + concepts.length, colors))],
      style: styles[indexOfMax(logits(box + 4, styles))],
      score,
      box: {
        x: (column + at(box, cell)) / grid,
        y: (row + at(box + 1, cell)) / grid,
        width: at(box + 2, cell),
        height: at(box + 3, cell),
      },
      shares,
    });
  }
  return found.sort((a, b) => b.score - a.score);
}

function neighbours(row: number, column: number, grid: number): readonly number[] {
  const cells: number[] = [];
  for (let y = Math.max(row - 1, 0); y <= Math.min(row + 1, grid - 1); y += 1) {
    for (let x = Math.max(column - 1, 0); x <= Math.min(column + 1, grid - 1); x += 1) {
      cells.push(y * grid + x);
    }
  }
  return cells;
}

function rowOf(tensor: HostTensor, index: number): Float32Array {
  const data = floatData(tensor);
  const length = data.length / tensor.shape[0];
  return data.subarray(index * length, (index + 1) * length);
}

function softmax(logits: Float32Array): Float32Array {
  const peak = logits.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const raised = logits.map((value) => Math.exp(value - peak));
  const total = raised.reduce((a, b) => a + b, 0);
  return raised.map((value) => value / total);
}

function indexOfMax(values: Float32Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i += 1) {
    if (values[i] > values[best]) best = i;
  }
  return best;
}

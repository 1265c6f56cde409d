import type { PackManifest } from '../../models/catalog/manifest.ts';
import type { HouseClip } from '../../models/evaluation/clip.ts';
import type { SceneParser } from '../../models/evaluation/scene-parser.ts';
import type { RgbPicture } from '../../models/pipelines/image/picture.ts';
import type { ImageModel } from '../../models/pipelines/image-model.ts';
import type { ImageRequest } from '../../models/pipelines/image-request.ts';

/** What every measurement of one run shares. */
export interface Bench {
  readonly model: ImageModel;
  readonly manifest: PackManifest;
  readonly parser: SceneParser;
  /** Absent where the pack has none: what it would read is then left out. */
  readonly clip: HouseClip | null;
  readonly steps: number;
  readonly guidanceScale: number;
  readonly signal: AbortSignal;
  /** Says on the terminal how far a measurement is. */
  readonly progress: (what: string, done: number, total: number) => void;
}

/** One number measured on samples and, where that is possible, on the composer's own pictures: the ceiling of the reading. */
export interface Row {
  readonly name: string;
  readonly made: number;
  readonly composed: number | null;
  readonly n: number;
}

/** A picture for the page. */
export interface Exhibit {
  readonly caption: string;
  readonly pictures: readonly RgbPicture[];
}

export interface Section {
  readonly title: string;
  /** What the numbers are, for a reader of the page. */
  readonly about: string;
  readonly rows: readonly Row[];
  readonly exhibits: readonly Exhibit[];
}

export type Wanted = Pick<ImageRequest, 'prompt' | 'seed'> &
  Partial<Pick<ImageRequest, 'mode' | 'source' | 'mask' | 'controls' | 'steps' | 'reference'>>;

/**
 * Makes one picture as the product does.
 *
 * `small` stops before the upscaler of a house pack and returns the sample at the size of its core, which is what the
 * parser reads anyway.
 */
async function makePicture(bench: Bench, wanted: Wanted, size: 'small' | 'full'): Promise<RgbPicture> {
  const { model, signal } = bench;
  const { side, solver } = model.defaults;
  const request: ImageRequest = {
    mode: 'text-to-image',
    negativePrompt: '',
    width: side,
    height: side,
    steps: bench.steps,
    guidanceScale: bench.guidanceScale,
    solver,
    strength: 1,
    source: null,
    mask: null,
    controls: [],
    ...wanted,
  };
  const stopEarly = size === 'small' && bench.manifest.pipeline === 'house-image';
  for await (const event of model.generate(request, { signal, now: () => performance.now() })) {
    if (event.type === 'result') return { width: event.width, height: event.height, data: event.rgb };
    if (stopEarly && event.step === event.steps && event.preview !== null) return event.preview();
  }
  throw new Error('the pipeline ended without a picture');
}

/** Pictures drawn at the same time: a house pack evaluates them together, which is faster than one by one. */
export const TOGETHER = 8;

/** Makes a picture of every request, several at a time, and returns them in the order of the requests. */
export async function makePictures(
  bench: Bench,
  requests: readonly Wanted[],
  how: { readonly what: string; readonly size: 'small' | 'full' },
): Promise<readonly RgbPicture[]> {
  const pictures: RgbPicture[] = [];
  const waiting = requests.entries();
  let done = 0;
  const draw = async (): Promise<void> => {
    for (const [i, wanted] of waiting) {
      pictures[i] = await makePicture(bench, wanted, how.size);
      done += 1;
      bench.progress(how.what, done, requests.length);
    }
  };
  await Promise.all(Array.from({ length: TOGETHER }, draw));
  return pictures;
}

/** Mean of numbers; booleans count as 1 and 0. */
export function mean(values: readonly (number | boolean)[]): number {
  return values.reduce((sum: number, value) => sum + Number(value), 0) / Math.max(values.length, 1);
}

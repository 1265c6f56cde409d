import type { RgbPicture } from '../../models/pipelines/image/picture.ts';
import { type Bench, makePictures, mean, type Section } from './bench.ts';

interface Drawing {
  readonly concept: string;
  readonly picture: RgbPicture;
}

/** Shifts of the drawings that are tried, in pixels. */
const SHIFTS = [-4, -2, 0, 2, 4];

/**
 * How near samples come to the drawings that the training scenes are made of: the smallest root-mean-square difference to
 * any of them, shifted by up to 4 px. A sample at 0 would be a copy; the distance between different drawings is far.
 */
export async function measureCopies(bench: Bench, drawings: readonly Drawing[]): Promise<Section> {
  const concepts = [...new Set(drawings.map(({ concept }) => concept))];
  const nearest: number[] = [];
  const own: boolean[] = [];
  const others: number[] = [];
  const exhibits = [];
  const prompts = concepts.map(
    (concept) => `${/^[aeiou]/.test(concept) ? 'an' : 'a'} ${concept} on a plain white background`,
  );
  const requests = prompts.map((prompt, seed) => ({ prompt, seed }));
  const samples = await makePictures(bench, requests, { what: 'nearest drawings', size: 'small' });
  for (const [i, concept] of concepts.entries()) {
    const sample = samples[i];
    const prompt = prompts[i];
    const found = findNearest(sample, drawings);
    nearest.push(found.distance);
    own.push(found.drawing.concept === concept);
    exhibits.push({
      caption: `${prompt} (sample, nearest drawing: ${found.drawing.concept}, ${found.distance.toFixed(1)})`,
      pictures: [sample, found.drawing.picture],
    });
  }
  for (const { concept, picture } of drawings.filter((_, i) => i % 3 === 0)) {
    const rest = drawings.filter((other) => other.concept !== concept);
    others.push(findNearest(picture, rest).distance);
  }
  const n = concepts.length;
  return {
    title: 'Nearest drawing of the training set',
    about:
      'Root-mean-square difference, 0 … 255, between a sample of each concept on white and the nearest drawing; in the ' +
      'right column, between a drawing and the nearest drawing of another concept.',
    rows: [
      { name: 'difference to the nearest drawing', made: mean(nearest), composed: mean(others), n },
      { name: 'smallest difference', made: Math.min(...nearest), composed: Math.min(...others), n },
      { name: 'nearest drawing is of the asked concept', made: mean(own), composed: null, n },
    ],
    exhibits,
  };
}

function findNearest(sample: RgbPicture, drawings: readonly Drawing[]) {
  let distance = Number.POSITIVE_INFINITY;
  let [drawing] = drawings;
  for (const candidate of drawings) {
    for (const dx of SHIFTS) {
      for (const dy of SHIFTS) {
        const value = difference(sample, candidate.picture, { dx, dy, atMost: distance });
        if (value < distance) {
          distance = value;
          drawing = candidate;
        }
      }
    }
  }
  return { distance, drawing };
}

function difference(
  a: RgbPicture,
  b: RgbPicture,
  how: { readonly dx: number; readonly dy: number; readonly atMost: number },
): number {
  const { width, height } = a;
  const limit = how.atMost ** 2 * a.data.length;
  let sum = 0;
  for (let y = 0; y < height && sum < limit; y += 1) {
    const v = Math.min(Math.max(y + how.dy, 0), height - 1);
    for (let x = 0; x < width; x += 1) {
      const u = Math.min(Math.max(x + how.dx, 0), width - 1);
      for (let c = 0; c < 3; c += 1) {
        sum += (a.data[(y * width + x) * 3 + c] - b.data[(v * width + u) * 3 + c]) ** 2;
      }
    }
  }
  return Math.sqrt(sum / a.data.length);
}

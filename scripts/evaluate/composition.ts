import { type AskedScene, ASPECTS, judge, type Verdict } from '../../models/evaluation/composition.ts';
import { fitGaussian, frechetDistance, type Gaussian } from '../../models/evaluation/frechet.ts';
import type { SceneReading } from '../../models/evaluation/scene-parser.ts';
import type { RgbPicture } from '../../models/pipelines/image/picture.ts';
import { measureAlignment, scoreOf } from './alignment.ts';
import { type Bench, type Exhibit, makePictures, mean, type Row, type Section } from './bench.ts';

const FIRST_SEED = 1000;
const SHOWN = 32;
const UNSEEN = /, unseen$/;

/** Makes a picture of every prompt and asks the parser whether what was asked is in it; the same of the composer's pictures. */
export async function measureComposition(
  bench: Bench,
  asked: readonly AskedScene[],
  scenes: readonly RgbPicture[],
): Promise<readonly Section[]> {
  const pictures = await drawAll(bench, asked, { what: 'composition' });
  const made = await readAll(bench, asked, pictures);
  const composed = await readAll(bench, asked, scenes.slice(0, asked.length));
  const { clip } = bench;
  const prompts = asked.map(({ prompt }) => prompt);
  const isUnseen = (i: number): boolean => UNSEEN.test(asked[i].kind);
  return [
    {
      title: 'Composition',
      about:
        'Share of samples in which the scene parser finds what the prompt asks for; in the right column the same on ' +
        `the composer’s own pictures of the first ${composed.length}, which is how right the parser itself is.`,
      rows: [...aspectRows(made, composed, (i) => !isUnseen(i)), distanceRow(bench, made, composed)],
      exhibits: await showFirst(bench, asked, made),
    },
    {
      title: 'Composition, combinations that no training scene had',
      about: 'The same for prompts whose colour or relation was held out of training.',
      rows: aspectRows(made, composed, isUnseen),
      exhibits: [],
    },
    ...(clip === null ? [] : [await measureAlignment(clip, prompts, { made: pictures, scenes })]),
  ];
}

/** The composition, and the nearness to the prompt, of the same prompts with other numbers of steps; the last number is the most. */
export async function measureSteps(
  bench: Bench,
  asked: readonly AskedScene[],
  counts: readonly number[],
): Promise<Section> {
  const rows: Row[] = [];
  const quality: Quality[] = [];
  const texts = (await bench.clip?.embedPrompts(asked.map(({ prompt }) => prompt))) ?? [];
  for (const steps of counts) {
    const pictures = await drawAll(bench, asked, { what: `${steps} steps`, steps });
    const read = await readAll(bench, asked, pictures);
    const found = aspectRows(read, read, () => true).filter(({ name }) => STEP_ASPECTS.includes(name));
    rows.push(...found.map((row) => ({ ...row, name: `${row.name}, ${steps} steps`, composed: null })));
    const composition = mean(found.map(({ made }) => made));
    const seen = await bench.clip?.embedPictures(pictures);
    const score = seen === undefined ? null : scoreOf(seen, texts);
    if (score !== null) {
      rows.push({
        name: `cosine with the prompt, ${steps} steps`,
        made: score,
        composed: null,
        n: asked.length,
      });
    }
    quality.push({ steps, composition, score });
  }
  rows.push(...lossRows(quality, asked.length));
  return {
    title: 'Number of steps',
    about:
      `The first ${asked.length} prompts again with fewer and with more steps, same seeds. Composition is the mean of the ` +
      'parser’s readings of one number of steps.',
    rows,
    exhibits: [],
  };
}

/** How good the pictures of one number of steps are. */
interface Quality {
  readonly steps: number;
  readonly composition: number;
  /** Mean cosine with the prompt; null without a house-CLIP. */
  readonly score: number | null;
}

/** What each smaller number of steps loses against the largest, in percent. */
function lossRows(quality: readonly Quality[], n: number): readonly Row[] {
  const most = quality[quality.length - 1];
  const loss = (less: number, more: number): number => (more === 0 ? 0 : 100 * (1 - less / more));
  return quality.slice(0, -1).flatMap(({ steps, composition, score }) => [
    {
      name: `composition lost against ${most.steps} steps, %, ${steps} steps`,
      made: loss(composition, most.composition),
      composed: null,
      n,
    },
    ...(score === null || most.score === null
      ? []
      : [
          {
            name: `cosine lost against ${most.steps} steps, %, ${steps} steps`,
            made: loss(score, most.score),
            composed: null,
            n,
          },
        ]),
  ]);
}

const STEP_ASPECTS: readonly string[] = [
  'object',
  'object and its colour',
  'object and number',
  'objects and relation',
  'background',
  'everything asked',
];

function drawAll(
  bench: Bench,
  asked: readonly AskedScene[],
  run: { readonly what: string; readonly steps?: number },
): Promise<readonly RgbPicture[]> {
  const steps = run.steps ?? bench.steps;
  const requests = asked.map(({ prompt }, i) => ({ prompt, seed: FIRST_SEED + i, steps }));
  return makePictures(bench, requests, { what: run.what, size: 'small' });
}

interface Read {
  readonly reading: SceneReading;
  readonly verdict: Verdict;
}

async function readAll(
  bench: Bench,
  asked: readonly AskedScene[],
  pictures: readonly RgbPicture[],
): Promise<readonly Read[]> {
  const { parser } = bench;
  const readings = await parser.read(pictures);
  return readings.map((reading, i) => ({ reading, verdict: judge(asked[i], reading, parser.manifest) }));
}

function aspectRows(
  made: readonly Read[],
  composed: readonly Read[],
  include: (i: number) => boolean,
): readonly Row[] {
  return ASPECTS.flatMap((name) => {
    const spoken = made.flatMap(({ verdict }, i) => (include(i) && verdict[name] !== undefined ? [i] : []));
    // There are composed pictures of the first prompts only.
    const share = (reads: readonly Read[]): number | null => {
      const known = spoken.filter((i) => i < reads.length);
      return known.length === 0 ? null : mean(known.map((i) => reads[i].verdict[name] === true));
    };
    const value = share(made);
    return value === null ? [] : [{ name, made: value, composed: share(composed), n: spoken.length }];
  });
}

function distanceRow(bench: Bench, made: readonly Read[], composed: readonly Read[]): Row {
  const reference = readReference(bench);
  const distance = (reads: readonly Read[]): number =>
    frechetDistance(fitGaussian(reads.map(({ reading }) => reading.features)), reference);
  return {
    name: 'Fréchet distance of parser features (lower is better)',
    made: distance(made),
    composed: distance(composed),
    n: made.length,
  };
}

function readReference({ parser }: Bench): Gaussian {
  const { mean: middle, covariance } = parser.manifest.reference;
  return { mean: decodeFloats(middle), covariance: decodeFloats(covariance) };
}

function decodeFloats(text: string): Float64Array {
  const bytes = Uint8Array.from(Buffer.from(text, 'base64'));
  return Float64Array.from(new Float32Array(bytes.buffer));
}

async function showFirst(
  bench: Bench,
  asked: readonly AskedScene[],
  made: readonly Read[],
): Promise<readonly Exhibit[]> {
  const shown = asked.slice(0, SHOWN);
  const requests = shown.map(({ prompt }, i) => ({ prompt, seed: FIRST_SEED + i }));
  const pictures = await makePictures(bench, requests, { what: 'pictures for the page', size: 'full' });
  return shown.map(({ prompt }, i) => {
    const wrong = Object.entries(made[i].verdict).flatMap(([name, right]) => (right ? [] : [name]));
    const verdict = wrong.length === 0 ? 'all right' : `not: ${wrong.join(', ')}`;
    return { caption: `${prompt} (${verdict})`, pictures: [pictures[i]] };
  });
}

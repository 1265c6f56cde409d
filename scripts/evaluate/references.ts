import { areaUnderCurve, type Embedding, type HouseClip, similarity } from '../../models/evaluation/clip.ts';
import { type Aspect, type AskedScene, judge } from '../../models/evaluation/composition.ts';
import type { SceneReading } from '../../models/evaluation/scene-parser.ts';
import type { RgbPicture } from '../../models/pipelines/image/picture.ts';
import { type Bench, makePictures, mean, type Row, type Section } from './bench.ts';
import type { ReferenceScene } from './fixtures.ts';

const shown = 24;

/**
 * Makes pictures after reference pictures, asks the house-CLIP which references they are like and the scene parser whether their
 * thing looks as it does in the reference. `scenes` come in pairs: two looks of one concept.
 */
export async function measureReferences(
  bench: Bench,
  clip: HouseClip,
  scenes: readonly ReferenceScene[],
): Promise<Section> {
  const plain = scenes.map(({ prompt }, seed) => ({ prompt, seed }));
  const led = scenes.map(({ prompt, reference }, seed) => ({
    prompt,
    seed,
    reference: { picture: reference, strength: 1 },
  }));
  const made = await makePictures(bench, led, { what: 'reference', size: 'small' });
  const free = await makePictures(bench, plain, { what: 'without references', size: 'small' });
  const references = await clip.embedPictures(scenes.map(({ reference }) => reference));
  const [samples, alone, composed] = await Promise.all(
    [made, free, scenes.map(({ picture }) => picture)].map((pictures) => clip.embedPictures(pictures)),
  );
  const own = (pictures: readonly Embedding[]): number[] =>
    pictures.map((picture, i) => similarity(picture, references[i]));
  // The other look of the pair.
  const rival = (pictures: readonly Embedding[]): number[] =>
    pictures.map((picture, i) => similarity(picture, references[i % 2 === 0 ? i + 1 : i - 1]));
  const strange = (pictures: readonly Embedding[]): number[] =>
    pictures.flatMap((picture, i) =>
      references
        .filter((_, j) => scenes[j].concept !== scenes[i].concept)
        .map((reference) => similarity(picture, reference)),
    );
  const n = scenes.length;
  const looks = await readLooks(bench, scenes, { made, free });
  const sameConcept = 'AUC of the own reference against another look of the same concept';
  return {
    title: 'Reference pictures',
    about:
      'Prompts that name a thing but not its look, with a reference picture of it; how much the house-CLIP finds the samples to be ' +
      'like their reference, and whether the scene parser, which takes no part in drawing, finds the thing in the colour and ' +
      'style that it has there. In the right column the same of the composer’s scenes with the reference’s look.',
    rows: [
      {
        name: sameConcept,
        made: areaUnderCurve(own(samples), rival(samples)),
        composed: areaUnderCurve(own(composed), rival(composed)),
        n,
      },
      {
        name: `${sameConcept}, same prompt without it`,
        made: areaUnderCurve(own(alone), rival(alone)),
        composed: null,
        n,
      },
      {
        name: 'AUC of the own reference against references of other concepts',
        made: areaUnderCurve(own(samples), strange(samples)),
        composed: areaUnderCurve(own(composed), strange(composed)),
        n,
      },
      {
        name: 'cosine with the own reference',
        made: mean(own(samples)),
        composed: mean(own(composed)),
        n,
      },
      ...looks,
    ],
    exhibits: scenes.slice(0, shown).map(({ prompt, reference }, i) => ({
      caption: `${prompt} (reference, sample, sample without it)`,
      pictures: [reference, made[i], free[i]],
    })),
  };
}

/** What the prompt would ask for if it said how the thing looks. */
function lookOf({ concept, color, style, prompt }: ReferenceScene): AskedScene {
  const objects = [{ concept, color, count: 1 }];
  const silent = { relation: null, background: null, plainColor: null, time: null, weather: null };
  return { prompt, kind: 'reference', objects, style, ...silent };
}

async function readLooks(
  { parser }: Bench,
  scenes: readonly ReferenceScene[],
  { made, free }: { readonly made: readonly RgbPicture[]; readonly free: readonly RgbPicture[] },
): Promise<readonly Row[]> {
  const [led, alone, composed] = await Promise.all(
    [made, free, scenes.map(({ picture }) => picture)].map((pictures) => parser.read(pictures)),
  );
  const share = (readings: readonly SceneReading[], aspect: Aspect): number =>
    mean(scenes.map((scene, i) => judge(lookOf(scene), readings[i], parser.manifest)[aspect] === true));
  const looks: readonly (readonly [Aspect, string])[] = [
    ['object and its colour', 'the thing in the reference’s colour'],
    ['style', 'the reference’s style'],
  ];
  const n = scenes.length;
  return looks.flatMap(([aspect, name]) => [
    { name, made: share(led, aspect), composed: share(composed, aspect), n },
    { name: `${name}, same prompt without it`, made: share(alone, aspect), composed: null, n },
  ]);
}

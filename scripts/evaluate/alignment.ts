import { findNearest, type Embedding, type HouseClip, similarity } from '../../models/evaluation/clip.ts';
import type { RgbPicture } from '../../models/pipelines/image/picture.ts';
import { mean, type Row, type Section } from './bench.ts';

/** Prompts that compete for a picture. */
const among = 100;

/**
 * CLIP-score (Hessel et al. 2021, without their factor 2.5): how near pictures lie to their prompts, in the space of the
 * pack's house-CLIP. `scenes` are the composer's own pictures of the first prompts.
 */
export async function measureAlignment(
  clip: HouseClip,
  prompts: readonly string[],
  shown: { readonly made: readonly RgbPicture[]; readonly scenes: readonly RgbPicture[] },
): Promise<Section> {
  const texts = await clip.embedPrompts(prompts);
  const made = await clip.embedPictures(shown.made);
  const composed = await clip.embedPictures(shown.scenes.slice(0, prompts.length));
  const score = scoreOf(made.slice(0, composed.length), texts) / scoreOf(composed, texts);
  const rows: Row[] = [
    {
      name: 'cosine with the prompt',
      made: scoreOf(made, texts),
      composed: scoreOf(composed, texts),
      n: made.length,
    },
    {
      name: 'cosine with the next prompt',
      made: scoreOf(made, rotate(texts)),
      composed: scoreOf(composed, rotate(texts)),
      n: made.length,
    },
    {
      name: 'cosine with the prompt, share of the composed scenes',
      made: score,
      composed: 1,
      n: composed.length,
    },
  ];
  if (composed.length >= among) {
    rows.push({
      name: `own prompt is the nearest of ${among}`,
      made: recall(made, texts),
      composed: recall(composed, texts),
      n: made.length - (made.length % among),
    });
  }
  return {
    title: 'Alignment with the prompt',
    about:
      'What the house-CLIP, a network trained on composed scenes and their captions, finds of the same samples; in the right ' +
      'column the same on the composer’s own pictures of the first prompts.',
    rows,
    exhibits: [],
  };
}

/** Mean cosine of pictures with the prompts of the same number. */
export function scoreOf(pictures: readonly Embedding[], texts: readonly Embedding[]): number {
  return mean(pictures.map((picture, i) => similarity(picture, texts[i])));
}

function rotate(texts: readonly Embedding[]): readonly Embedding[] {
  return [...texts.slice(1), texts[0]];
}

/** Share of pictures whose own prompt is nearer than the 99 others of its hundred; an unfilled last hundred does not count. */
function recall(pictures: readonly Embedding[], texts: readonly Embedding[]): number {
  const whole = pictures.length - (pictures.length % among);
  return mean(
    pictures.slice(0, whole).map((picture, i) => {
      const first = i - (i % among);
      return findNearest(picture, texts.slice(first, first + among)) === i - first;
    }),
  );
}

import { type AskedScene, judge } from '../../models/evaluation/composition.ts';
import { psnrOutside } from '../../models/evaluation/pixels.ts';
import type { SceneReading } from '../../models/evaluation/scene-parser.ts';
import type { RgbPicture } from '../../models/pipelines/image/picture.ts';
import { type Bench, makePictures, mean, type Row, type Section } from './bench.ts';
import type { EditScene } from './fixtures.ts';

const shown = 24;

/** Gives scenes with an instruction to the pack, and asks the parser whether what was asked changed and nothing else did. */
export async function measureEdits(bench: Bench, scenes: readonly EditScene[]): Promise<Section> {
  const requests = scenes.map(({ after, picture }, seed) => ({
    mode: 'instruct' as const,
    prompt: after.prompt,
    seed,
    source: picture,
  }));
  const made = await makePictures(bench, requests, { what: 'edit', size: 'full' });
  const readings = {
    made: await bench.parser.read(made),
    composed: await bench.parser.read(scenes.map(({ edited }) => edited)),
    source: await bench.parser.read(scenes.map(({ picture }) => picture)),
  };
  const right = (
    reads: readonly SceneReading[],
    read: (scene: EditScene, reading: SceneReading) => boolean,
  ) => scenes.map((scene, i) => read(scene, reads[i]));
  const changes = (scene: EditScene, reading: SceneReading): boolean => isFound(bench, scene.change, reading);
  const succeeds = (scene: EditScene, reading: SceneReading): boolean =>
    judge(scene.after, reading, bench.parser.manifest)['everything asked'] === true;
  const row = (name: string, read: typeof changes, of: (scene: EditScene) => boolean = () => true): Row => {
    const only = (values: readonly boolean[]): readonly boolean[] => values.filter((_, i) => of(scenes[i]));
    const composed = mean(only(right(readings.composed, read)));
    return {
      name,
      made: mean(only(right(readings.made, read))),
      composed,
      n: scenes.filter((scene) => of(scene)).length,
    };
  };
  const kinds = [...new Set(scenes.map(({ after }) => after.kind))];
  return {
    title: 'Edit by instruction',
    about:
      'Scenes of 256 px with an instruction; the parser looks for what was asked, and whether all else is as it was. In the ' +
      'right column the same of the composer’s own drawing of the edited scene.',
    rows: [
      row('asked change is found', changes),
      {
        name: 'asked change is found, scene as it was before',
        made: mean(right(readings.source, changes)),
        composed: null,
        n: scenes.length,
      },
      row('asked change is found, all else is as it was', succeeds),
      ...kinds.map((kind) => row(`the same, ${kind}`, succeeds, ({ after }) => after.kind === kind)),
      keptRow(made, scenes),
    ],
    exhibits: spread(scenes.length).map((i) => ({
      caption: `${scenes[i].after.prompt} (scene, edited, as the composer draws it)`,
      pictures: [scenes[i].picture, made[i], scenes[i].edited],
    })),
  };
}

/** True when all of a few facts are read off a picture; how many other things it has does not matter. */
function isFound({ parser }: Bench, asked: AskedScene, reading: SceneReading): boolean {
  const { 'everything asked': _, ...verdict } = judge(asked, reading, parser.manifest);
  return Object.values(verdict).every(Boolean);
}

function keptRow(made: readonly RgbPicture[], scenes: readonly EditScene[]): Row {
  const values = scenes.flatMap(({ picture, boxes }, i) => {
    const value = boxes.length === 0 ? null : psnrOutside(made[i], picture, boxes);
    return value === null ? [] : [value];
  });
  return {
    name: 'PSNR to the scene outside an edited thing’s box, dB',
    made: mean(values),
    composed: null,
    n: values.length,
  };
}

/** Indices spread evenly, so that all kinds of edits are shown. */
function spread(count: number): readonly number[] {
  const many = Math.min(shown, count);
  return Array.from({ length: many }, (_, k) => Math.floor((k * count) / many));
}

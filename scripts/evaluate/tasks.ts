import type { HouseImageManifest } from '../../models/catalog/manifest.ts';
import { judge } from '../../models/evaluation/composition.ts';
import {
  brightPixels,
  colourSteps,
  edgeF1,
  meanIou,
  objectArea,
  psnr,
  seamStep,
} from '../../models/evaluation/pixels.ts';
import type { HouseImageModel } from '../../models/pipelines/house/model.ts';
import {
  fromSignedPlanes,
  type GrayPicture,
  type RgbPicture,
  toBytes,
  toFloatPicture,
  toSignedPlanes,
} from '../../models/pipelines/image/picture.ts';
import { resizeArea, resizeCubic } from '../../models/pipelines/image/resize.ts';
import { type Bench, type Exhibit, makePictures, mean, type Row, type Section } from './bench.ts';
import { enlargeByTiles } from './enlarged.ts';
import { CONTROL_ROWS, type ControlScene, type RepaintScene } from './fixtures.ts';

/** How closely samples follow each kind of map, against the same prompts without one and against the composer's pictures. */
export async function measureControls(
  bench: Bench,
  manifest: HouseImageManifest,
  scenes: readonly ControlScene[],
): Promise<Section> {
  const rows: Row[] = [];
  const exhibits: Exhibit[] = [];
  const plain = scenes.map(({ prompt }, seed) => ({ prompt, seed }));
  const free = await makePictures(bench, plain, { what: 'without maps', size: 'small' });
  for (const kind of CONTROL_ROWS.filter((name) => manifest.tasks.includes(name))) {
    const requests = scenes.map(({ prompt, maps }, seed) => {
      const controls = [{ kind, strength: 1, range: [0, 1] as const, picture: maps[kind] }];
      return { prompt, seed, controls };
    });
    const led = await makePictures(bench, requests, { what: `${kind} maps`, size: 'small' });
    const add = (name: string, read: (picture: RgbPicture, scene: ControlScene) => number): void => {
      const over = (pictures: readonly RgbPicture[]): number =>
        mean(scenes.map((scene, i) => read(pictures[i], scene)));
      const composed = over(scenes.map((scene) => scene.picture));
      rows.push(
        { name: `${kind}: ${name}`, made: over(led), composed, n: scenes.length },
        {
          name: `${kind}: ${name}, same prompt without the map`,
          made: over(free),
          composed,
          n: scenes.length,
        },
      );
    };
    if (kind === 'edge') {
      add('F1 of colour steps to the map, within 2 px', (picture, { maps }) =>
        edgeF1(colourSteps(picture), brightPixels(maps.edge)),
      );
    }
    add('IoU of object and ground, mean', (picture, scene) =>
      meanIou(objectArea(picture), objectArea(scene.picture)),
    );
    exhibits.push(
      ...scenes.slice(0, 8).map(({ prompt, maps }, i) => ({
        caption: `${kind}: ${prompt} (map, sample, sample without the map)`,
        pictures: [maps[kind], led[i], free[i]],
      })),
    );
  }
  return {
    title: 'Control maps',
    about: 'One thing on a plain ground, so that its area can be read by colour alone; 64 px.',
    rows,
    exhibits,
  };
}

/** Repaints the box of each scene's object and looks at the seam, at what must not change, and at what is now in the box. */
export async function measureRepaint(bench: Bench, scenes: readonly RepaintScene[]): Promise<Section> {
  const requests = scenes.map((scene, seed) => ({
    mode: 'inpaint' as const,
    prompt: scene.asked.prompt,
    seed,
    source: scene.picture,
    mask: boxMask(scene),
  }));
  const made = await makePictures(bench, requests, { what: 'repaint', size: 'full' });
  const originals = scenes.map((scene) => scene.picture);
  const finds = async (pictures: readonly RgbPicture[]): Promise<number> => {
    const readings = await bench.parser.read(pictures);
    return mean(
      scenes.map(({ asked }, i) => {
        const { object, 'object and its colour': colored } = judge(asked, readings[i], bench.parser.manifest);
        return (colored ?? object) === true;
      }),
    );
  };
  const over = (pictures: readonly RgbPicture[], read: (p: RgbPicture, s: RepaintScene) => number): number =>
    mean(scenes.map((scene, i) => read(pictures[i], scene)));
  const n = scenes.length;
  const seam = (picture: RgbPicture, { box }: RepaintScene): number => seamStep(picture, box);
  return {
    title: 'Repaint',
    about: 'The object’s box of 256 px scenes is repainted with the scene’s own prompt.',
    rows: [
      {
        name: 'largest change of a pixel outside the box, of 255',
        made: Math.max(...scenes.map((scene, i) => changeOutside(made[i], scene))),
        composed: 0,
        n,
      },
      {
        name: 'step across the seam, of 255',
        made: over(made, seam),
        composed: over(originals, seam),
        n,
      },
      {
        name: 'asked thing, with its colour, is found',
        made: await finds(made),
        composed: await finds(originals),
        n,
      },
    ],
    exhibits: scenes.map((scene, i) => ({
      caption: `${scene.asked.prompt} (scene, repainted)`,
      pictures: [scene.picture, made[i]],
    })),
  };
}

function boxMask({ picture: { width, height }, box }: RepaintScene): GrayPicture {
  const data = new Uint8Array(width * height);
  for (let y = box.top; y < box.bottom; y += 1) {
    data.fill(255, y * width + box.left, y * width + box.right);
  }
  return { width, height, data };
}

function changeOutside(made: RgbPicture, scene: RepaintScene): number {
  const mask = boxMask(scene);
  let most = 0;
  for (let i = 0; i < made.data.length; i += 1) {
    if (mask.data[Math.floor(i / 3)] === 0) {
      most = Math.max(most, Math.abs(made.data[i] - scene.picture.data[i]));
    }
  }
  return most;
}

/** PSNR of the pack's upscaler and of bicubic interpolation on scenes reduced to a quarter. */
export async function measureEnlarge(
  model: HouseImageModel,
  scenes: readonly RepaintScene[],
): Promise<Section> {
  const { scale } = model.manifest;
  const ours: number[] = [];
  const cubic: number[] = [];
  const exhibits: Exhibit[] = [];
  for (const { asked, picture } of scenes) {
    const side = picture.width / scale;
    const reduced = resizeArea(toFloatPicture(picture, 3), side, side);
    const small: RgbPicture = { width: side, height: side, data: toBytes(reduced.data) };
    const planes = await model.upscale(toSignedPlanes(toFloatPicture(small, 3)), small);
    const large = fromSignedPlanes(planes, picture.width, picture.height);
    const smooth = resizeCubic(toFloatPicture(small, 3), picture.width, picture.height);
    const plain: RgbPicture = { width: picture.width, height: picture.height, data: toBytes(smooth.data) };
    ours.push(psnr(large, picture));
    cubic.push(psnr(plain, picture));
    exhibits.push({
      caption: `${asked.prompt} (bicubic, upscaler, scene)`,
      pictures: [plain, large, picture],
    });
  }
  const gains: number[] = [];
  for (const { picture } of scenes.slice(0, scenesEnlargedTwice)) {
    gains.push(await gainOfTwice(picture, model));
  }
  return {
    title: 'Enlarge',
    about: `Scenes of 256 px reduced by area to 1/${scale}, for ×2 to a half, and enlarged again; dB, higher is better.`,
    rows: [
      { name: 'PSNR of the upscaler, dB', made: mean(ours), composed: null, n: scenes.length },
      { name: 'PSNR of bicubic interpolation, dB', made: mean(cubic), composed: null, n: scenes.length },
      {
        name: 'PSNR of ×2 by tiles above bicubic, dB',
        made: mean(gains),
        composed: null,
        n: gains.length,
      },
    ],
    exhibits: exhibits.slice(0, 8),
  };
}

/** So few because each has four times the pixels of the others: half of the scene. */
const scenesEnlargedTwice = 8;

/** How much nearer a scene's half, enlarged again as `gesso upscale --scale 2` does, is to it than by bicubic interpolation. */
async function gainOfTwice(scene: RgbPicture, model: HouseImageModel): Promise<number> {
  const { width, height } = scene;
  const reduced = resizeArea(toFloatPicture(scene, 3), width / 2, height / 2);
  const half: RgbPicture = { width: width / 2, height: height / 2, data: toBytes(reduced.data) };
  const ours = await enlargeByTiles(model, half, 2);
  const smooth = resizeCubic(toFloatPicture(half, 3), width, height);
  return psnr(ours, scene) - psnr({ width, height, data: toBytes(smooth.data) }, scene);
}

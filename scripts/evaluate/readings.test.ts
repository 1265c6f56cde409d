import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOUSE_PACKS_FOLDER, verifyPack } from '../../models/catalog/packs.ts';
import { type HouseClip, openHouseClip } from '../../models/evaluation/clip.ts';
import { openSceneParser, type SceneParser } from '../../models/evaluation/scene-parser.ts';
import { type RgbPicture, toBytes, toFloatPicture } from '../../models/pipelines/image/picture.ts';
import { resizeCubic } from '../../models/pipelines/image/resize.ts';
import type { ImageModel } from '../../models/pipelines/image-model.ts';
import type { ImageRequest } from '../../models/pipelines/image-request.ts';
import { type Device, openDevice } from '../../models/runtime/device.ts';
import { measureAlignment } from './alignment.ts';
import type { Bench, Section } from './bench.ts';
import { measureSteps } from './composition.ts';
import { measureEdits } from './edits.ts';
import { loadEditScenes, loadPrompts, loadReferenceScenes } from './fixtures.ts';
import { measureReferences } from './references.ts';

const pack = join(HOUSE_PACKS_FOLDER, 'house-image');
let device: Device;
let clip: HouseClip;
let parser: SceneParser;
let benchOf: (draw: (request: ImageRequest) => RgbPicture) => Bench;

beforeAll(async () => {
  device = await openDevice({ threads: 1 });
  clip = await openHouseClip(pack, device.sessions);
  parser = await openSceneParser(pack, device.sessions);
  const { manifest } = await verifyPack(pack);
  benchOf = (draw) => ({
    model: modelThatDraws(draw),
    manifest,
    parser,
    clip,
    steps: 8,
    guidanceScale: 3,
    signal: new AbortController().signal,
    progress: () => undefined,
  });
});
afterAll(async () => {
  clip.close();
  parser.close();
  await device.sessions.close();
});

describe('alignment with the prompt', () => {
  it('is whole for the composer’s own pictures and gone for the pictures of other prompts', async () => {
    const { asked, scenes } = await loadPrompts();
    const prompts = asked.slice(0, 100).map(({ prompt }) => prompt);
    const own = await measureAlignment(clip, prompts, { made: scenes.slice(0, 100), scenes });
    expect(rowOf(own, 'cosine with the prompt, share of the composed scenes').made).toBeCloseTo(1, 6);
    expect(rowOf(own, 'own prompt is the nearest of 100').made).toBeGreaterThan(0.9);
    const others = [...scenes.slice(1, 100), scenes[0]];
    const wrong = await measureAlignment(clip, prompts, { made: others, scenes });
    expect(rowOf(wrong, 'cosine with the prompt, share of the composed scenes').made).toBeLessThan(0.3);
    expect(rowOf(wrong, 'own prompt is the nearest of 100').made).toBeLessThan(0.1);
    const next = rowOf(wrong, 'cosine with the next prompt');
    expect(next.made).toBeGreaterThan(3 * (next.composed ?? 0));
  });
});

describe('number of steps', () => {
  it('counts what fewer steps lose', async () => {
    const { asked, scenes } = await loadPrompts();
    const bench = benchOf(({ seed, steps }) => (steps < 4 ? gray(64) : scenes[seed - 1000]));
    const section = await measureSteps(bench, asked.slice(0, 30), [1, 4, 30]);
    expect(rowOf(section, 'composition lost against 30 steps, %, 1 steps').made).toBeGreaterThan(50);
    expect(rowOf(section, 'cosine lost against 30 steps, %, 1 steps').made).toBeGreaterThan(50);
    expect(rowOf(section, 'composition lost against 30 steps, %, 4 steps').made).toBe(0);
    expect(section.rows.some(({ name }) => name.includes('lost against 30 steps, %, 30 steps'))).toBe(false);
  });
});

describe('edit by instruction', () => {
  it('succeeds when the composer draws the outcome and fails when nothing happens', async () => {
    const scenes = (await loadEditScenes()).filter((_, i) => i % 3 === 0);
    const done = await measureEdits(
      benchOf(({ seed }) => resize(scenes[seed].edited, 256)),
      scenes,
    );
    const success = rowOf(done, 'asked change is found, all else is as it was');
    expect(success.composed).toBeGreaterThan(0.9);
    expect(success.made).toBeGreaterThan(0.7);
    const idle = await measureEdits(
      benchOf(({ source }) => source ?? gray(256)),
      scenes,
    );
    expect(rowOf(idle, 'asked change is found, all else is as it was').made).toBeLessThan(0.1);
    const before = rowOf(idle, 'asked change is found, scene as it was before').made;
    expect(rowOf(idle, 'asked change is found').made).toBe(before);
    const kept = 'PSNR to the scene outside an edited thing’s box, dB';
    expect(rowOf(idle, kept).made).toBe(100);
    expect(rowOf(done, kept).made).toBeLessThan(60);
  });
});

describe('reference pictures', () => {
  it('tells pictures with the reference’s look from pictures that ignore it', async () => {
    const scenes = await loadReferenceScenes();
    const name = 'AUC of the own reference against another look of the same concept';
    const following = await measureReferences(
      benchOf(({ seed, reference }) => (reference === undefined ? gray(64) : scenes[seed].picture)),
      clip,
      scenes,
    );
    const row = rowOf(following, name);
    expect(row.made).toBe(row.composed);
    expect(row.made).toBeGreaterThan(0.95);
    const color = 'the thing in the reference’s colour';
    expect(rowOf(following, color).made).toBe(rowOf(following, color).composed);
    expect(rowOf(following, color).made).toBeGreaterThan(0.8);
    expect(rowOf(following, `${color}, same prompt without it`).made).toBe(0);
    // The same picture for both looks of a concept is as near to the one reference as to the other.
    const deaf = await measureReferences(
      benchOf(({ seed }) => scenes[seed - (seed % 2)].picture),
      clip,
      scenes,
    );
    expect(rowOf(deaf, name).made).toBeCloseTo(0.5, 6);
  });
});

function rowOf(section: Section, name: string) {
  const row = section.rows.find((candidate) => candidate.name === name);
  if (row === undefined) throw new Error(`${section.title} has no row '${name}'`);
  return row;
}

function modelThatDraws(draw: (request: ImageRequest) => RgbPicture): ImageModel {
  return {
    id: 'drawn',
    name: 'Drawn',
    version: '1',
    sha256: '',
    defaults: { steps: 8, guidanceScale: 3, solver: 'flow-euler', side: 256 },
    modes: ['text-to-image', 'instruct'],
    scheduler: null,
    arithmetic: 'exact',
    lanes: 1,
    countUnread: () => 0,
    async *generate(request) {
      const { width, height, data: rgb } = draw(request);
      const timings = { textMs: 0, denoiseMs: 0, upscaleMs: 0, totalMs: 0, overheadMs: 0, evaluations: 0 };
      yield { type: 'result', width, height, rgb, timings };
    },
    close: () => undefined,
  };
}

function gray(side: number): RgbPicture {
  return { width: side, height: side, data: new Uint8Array(side * side * 3).fill(128) };
}

function resize(picture: RgbPicture, side: number): RgbPicture {
  const { data } = resizeCubic(toFloatPicture(picture, 3), side, side);
  return { width: side, height: side, data: toBytes(data) };
}

import { describe, expect, it } from 'vitest';
import { type AskedScene, judge } from './composition.ts';
import {
  findObjects,
  type FoundObject,
  type SceneParserManifest,
  type SceneReading,
} from './scene-parser.ts';

const vocabulary = {
  concepts: ['fox', 'car', 'apple'],
  colors: ['red', 'blue', 'natural'],
  backgrounds: ['plain', 'snow'],
  plainColors: ['white', 'pink'],
  times: ['day', 'night'],
  weathers: ['clear', 'rain'],
  styles: ['3d', 'flat'],
};
const manifest: SceneParserManifest = {
  file: 'scene-parser.onnx',
  sha256: '',
  size: 64,
  grid: 8,
  threshold: 0.4,
  vocabulary,
  naturalColors: { apple: ['red'] },
  reference: { count: 0, mean: '', covariance: '' },
  trained: { pictures: 0, steps: 0, minutes: 0, accuracy: {} },
};

function thing(concept: string, at: readonly [number, number], more: Partial<FoundObject> = {}): FoundObject {
  const shares = Float32Array.from(vocabulary.concepts, (name) => (name === concept ? 0.8 : 0.1));
  const box = { x: at[0], y: at[1], width: 0.3, height: 0.3 };
  return { concept, color: 'natural', style: '3d', score: 0.9, box, shares, ...more };
}

function reading(objects: readonly FoundObject[], more: Partial<SceneReading> = {}): SceneReading {
  const scene = { background: 'snow', plainColor: 'white', time: 'day', weather: 'clear' };
  return { objects, ...scene, features: new Float32Array(2), ...more };
}

const nothing: AskedScene = {
  prompt: '',
  kind: 'object',
  objects: [],
  relation: null,
  background: null,
  plainColor: null,
  time: null,
  weather: null,
  style: null,
};
const one = (concept: string, color: string | null = null, count = 1) => ({ concept, color, count });

describe('judge', () => {
  it('answers only what was asked', () => {
    const verdict = judge(
      { ...nothing, objects: [one('fox')] },
      reading([thing('fox', [0.5, 0.5])]),
      manifest,
    );
    expect(verdict).toEqual({ object: true, 'everything asked': true });
  });

  it('keeps colour and name apart', () => {
    const asked = { ...nothing, objects: [one('fox', 'blue')] };
    const blueCar = judge(asked, reading([thing('car', [0.5, 0.5], { color: 'blue' })]), manifest);
    expect(blueCar).toMatchObject({
      object: false,
      'colour of the thing': true,
      'object and its colour': false,
    });
    const plainFox = judge(asked, reading([thing('fox', [0.5, 0.5])]), manifest);
    expect(plainFox).toMatchObject({ object: true, 'colour of the thing': false, 'everything asked': false });
    const redApple = { ...nothing, objects: [one('apple', 'red')] };
    const natural = judge(redApple, reading([thing('apple', [0.5, 0.5])]), manifest);
    expect(natural['object and its colour']).toBe(true);
  });

  it('counts things, and wants all of them to be the asked one', () => {
    const asked = { ...nothing, objects: [one('fox', null, 2)] };
    const two = [thing('fox', [0.3, 0.5]), thing('fox', [0.7, 0.5])];
    expect(judge(asked, reading(two), manifest)).toMatchObject({ 'object and number': true });
    const mixed = judge(asked, reading([two[0], thing('car', [0.7, 0.5])]), manifest);
    expect(mixed).toMatchObject({ 'number of things': true, 'object and number': false });
    expect(judge(asked, reading([two[0]]), manifest)['number of things']).toBe(false);
  });

  it('reads relations from the places of the two things', () => {
    const fox = thing('fox', [0.25, 0.6]);
    const car = thing('car', [0.75, 0.6]);
    const relate = (relation: AskedScene['relation'], objects = [one('fox'), one('car')]) =>
      judge({ ...nothing, objects, relation }, reading([car, fox]), manifest)['objects and relation'];
    expect(relate('left of')).toBe(true);
    expect(relate('next to')).toBe(true);
    expect(relate('right of')).toBe(false);
    expect(relate('above')).toBe(false);
    expect(relate('right of', [one('car'), one('fox')])).toBe(true);
  });

  it('says that all is wrong when nothing was found', () => {
    const asked = { ...nothing, objects: [one('fox', 'red'), one('car')], relation: 'above' as const };
    expect(Object.values(judge(asked, reading([]), manifest))).not.toContain(true);
  });

  it('wants the plain colour as well as the plain background', () => {
    const asked = { ...nothing, background: 'plain', plainColor: 'pink' };
    expect(judge(asked, reading([], { background: 'plain' }), manifest).background).toBe(false);
    const pink = reading([], { background: 'plain', plainColor: 'pink' });
    expect(judge(asked, pink, manifest).background).toBe(true);
  });
});

describe('findObjects', () => {
  it('finds one thing for each peak, the surest first', () => {
    const area = 64;
    const maps = new Float32Array((1 + 3 + 3 + 4 + 2) * area).fill(0);
    maps.fill(-6, 0, area);
    const put = (cell: number, logit: number, concept: number): void => {
      maps[cell] = logit;
      maps[(1 + concept) * area + cell] = 5;
      maps[(1 + 3 + 1) * area + cell] = 5;
      maps[(1 + 3 + 3) * area + cell] = 0.25;
      maps[(1 + 3 + 3 + 1) * area + cell] = 0.75;
      maps[(1 + 3 + 3 + 4 + 1) * area + cell] = 5;
    };
    put(2 * 8 + 3, 1, 0);
    put(2 * 8 + 4, 0.5, 1);
    put(6 * 8 + 6, 3, 2);
    const found = findObjects(maps, manifest);
    expect(found.map(({ concept }) => concept)).toEqual(['apple', 'fox']);
    expect(found[1]).toMatchObject({ color: 'blue', style: 'flat' });
    expect(found[1].box.x).toBeCloseTo(3.25 / 8, 6);
    expect(found[1].box.y).toBeCloseTo(2.75 / 8, 6);
  });
});

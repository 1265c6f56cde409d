import { describe, expect, it } from 'vitest';
import { fromSignedPlanes, toSignedPlanes } from './picture.ts';
import { resizeArea, resizeCubic } from './resize.ts';
import { coverWithSquare, cutFromSquare, placeInSquare } from './square.ts';

function makePicture(width: number, height: number, value: (x: number, y: number) => number) {
  const data = Float32Array.from({ length: width * height }, (_, i) =>
    value(i % width, Math.floor(i / width)),
  );
  return { width, height, channels: 1, data };
}

describe('resizeArea', () => {
  it('averages whole blocks', () => {
    const out = resizeArea(
      makePicture(4, 2, (x, y) => x + 10 * y),
      2,
      1,
    );
    expect([...out.data]).toEqual([5.5, 7.5]);
  });

  it('keeps the mean at odd ratios', () => {
    const picture = makePicture(37, 23, (x, y) => (x * 31 + y * 17) % 256);
    const out = resizeArea(picture, 11, 7);
    const mean = (data: Float32Array) => data.reduce((total, value) => total + value, 0) / data.length;
    expect(mean(out.data)).toBeCloseTo(mean(picture.data), 4);
  });
});

describe('resizeCubic', () => {
  it('reproduces a straight ramp away from the edges', () => {
    const out = resizeCubic(
      makePicture(16, 1, (x) => 10 * x),
      32,
      1,
    );
    for (let x = 6; x < 26; x += 1) {
      expect(out.data[x]).toBeCloseTo(10 * ((x + 0.5) / 2 - 0.5), 4);
    }
  });
});

describe('square frames', () => {
  it('gives back the picture it placed', () => {
    const picture = makePicture(6, 10, (x, y) => x * y);
    const frame = coverWithSquare(6, 10);
    const square = placeInSquare(picture, frame, 10);
    expect(cutFromSquare(square, frame)).toEqual(picture);
    expect(square.data[3 * 10]).toBe(picture.data[3 * 6]);
  });
});

describe('signed planes', () => {
  it('survive the way to the network and back for every byte', () => {
    const data = Uint8Array.from({ length: 16 * 16 * 3 }, (_, i) => i % 256);
    const planes = toSignedPlanes({ width: 16, height: 16, channels: 3, data: Float32Array.from(data) });
    expect(planes[1]).toBeCloseTo((3 / 255) * 2 - 1, 6);
    expect(fromSignedPlanes(planes, 16, 16).data).toEqual(data);
  });
});

import { describe, expect, it } from 'vitest';
import {
  brightPixels,
  colourSteps,
  edgeF1,
  meanIou,
  objectArea,
  psnr,
  psnrOutside,
  seamStep,
} from './pixels.ts';

/** A white square picture with a black rectangle from (left, top) up to (right, bottom). */
function drawBox(size: number, [left, top, right, bottom]: readonly [number, number, number, number]) {
  const data = new Uint8Array(size * size * 3).fill(255);
  for (let y = top; y < bottom; y += 1) {
    data.fill(0, (y * size + left) * 3, (y * size + right) * 3);
  }
  return { width: size, height: size, data };
}

describe('readings of pixels', () => {
  it('measures PSNR: a difference of 255 everywhere is 0 dB', () => {
    const white = drawBox(4, [0, 0, 0, 0]);
    const black = drawBox(4, [0, 0, 4, 4]);
    expect(psnr(white, black)).toBeCloseTo(0, 9);
    expect(psnr(white, white)).toBe(100);
  });

  it('measures PSNR outside of boxes only', () => {
    const white = drawBox(4, [0, 0, 0, 0]);
    const corner = drawBox(4, [0, 0, 2, 2]);
    const whole = { left: 0, top: 0, right: 4, bottom: 4 };
    expect(psnrOutside(white, corner, [])).toBeCloseTo(psnr(white, corner), 9);
    expect(psnrOutside(white, corner, [{ ...whole, right: 2, bottom: 2 }])).toBe(100);
    // Of the 12 pixels outside the first column, 2 are black.
    expect(psnrOutside(white, corner, [{ ...whole, right: 1 }])).toBeCloseTo(10 * Math.log10(6), 9);
    expect(psnrOutside(white, corner, [whole])).toBe(null);
  });

  it('finds the outline of a box, and forgives two pixels but not four', () => {
    const outline = (shift: number) => colourSteps(drawBox(24, [8 + shift, 8, 16 + shift, 16]));
    // 8 left, 8 above (one pixel of both), 8 behind the right side, 8 below.
    expect(outline(0).data.reduce((a, b) => a + b, 0)).toBe(31);
    expect(edgeF1(outline(0), outline(2))).toBe(1);
    const far = edgeF1(outline(0), outline(4));
    expect(far).toBeGreaterThan(0);
    expect(far).toBeLessThan(0.9);
    expect(edgeF1(outline(0), brightPixels(drawBox(24, [0, 0, 24, 24])))).toBe(0);
  });

  it('reads the area of a thing on plain ground and compares areas', () => {
    const half = objectArea(drawBox(8, [0, 4, 8, 8]));
    expect(half.data.reduce((a, b) => a + b, 0)).toBe(32);
    expect(meanIou(half, half)).toBe(1);
    // Rows 4 … 7 against rows 6 … 7: object 16/32, ground 32/48.
    expect(meanIou(half, objectArea(drawBox(8, [0, 6, 8, 8])))).toBeCloseTo((16 / 32 + 32 / 48) / 2, 9);
  });

  it('measures the step across a seam', () => {
    const box = { left: 2, top: 2, right: 6, bottom: 6 };
    expect(seamStep(drawBox(8, [2, 2, 6, 6]), box)).toBe(255);
    expect(seamStep(drawBox(8, [0, 0, 0, 0]), box)).toBe(0);
  });
});

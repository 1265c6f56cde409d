import { describe, expect, it } from 'vitest';
import { TorchGenerator } from '../../core/random/torch-generator.ts';
import { fitPreviewMap, previewLatents } from './latent-preview.ts';

const [channels, height, width, block] = [4, 6, 5, 8];
const weights = [
  [0.2, -0.1, 0.05, 0.3, 0.1],
  [-0.3, 0.2, 0.1, 0, -0.2],
  [0.05, 0.1, -0.25, 0.1, 0],
];

/** Latents, and what a decoder would make of them that is a straight line from latent to colour, in blocks of 8 pixels. */
function makePair() {
  const latents = new Float32Array(channels * height * width);
  new TorchGenerator(1).randn(latents);
  const decoded = new Float32Array(3 * height * width * block * block);
  for (let i = 0; i < decoded.length; i += 1) {
    const x = Math.floor((i % (width * block)) / block);
    const y = Math.floor(Math.floor((i / (width * block)) % (height * block)) / block);
    const c = Math.floor(i / (height * width * block * block));
    decoded[i] = weights[c].reduce(
      (sum, weight, k) => sum + weight * (k < channels ? latents[(k * height + y) * width + x] : 1),
      0,
    );
  }
  return {
    latents: { shape: [1, channels, height, width], data: latents },
    decoded: { shape: [1, 3, height * block, width * block], data: decoded },
  };
}

describe('latent previews', () => {
  it('find the line from latents to colours in one finished picture', () => {
    const { latents, decoded } = makePair();
    const map = fitPreviewMap(latents, decoded);
    map?.forEach((row, c) => {
      row.forEach((value, k) => {
        expect(value).toBeCloseTo(127.5 * (weights[c][k] + (k === channels ? 1 : 0)), 2);
      });
    });
    const preview = previewLatents(latents, map);
    expect([preview.width, preview.height]).toEqual([width, height]);
    expect(preview.data[0]).toBe(Math.round(Math.min(Math.max((decoded.data[0] + 1) * 127.5, 0), 255)));
  });

  it('show something before there is a map, and decide nothing from constant latents', () => {
    const { latents, decoded } = makePair();
    const preview = previewLatents(latents, null).data;
    expect(Math.min(...preview)).toBe(0);
    expect(Math.max(...preview)).toBe(255);
    expect(
      fitPreviewMap({ shape: latents.shape, data: new Float32Array(latents.data.length) }, decoded),
    ).toBeNull();
  });
});

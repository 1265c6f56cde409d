import type { Page } from '@playwright/test';

/** An RGB sample of the middle of the stage, 24 × 24, one for each time that it changed visibly. */
export type Sample = readonly number[];

/** Looks at what the stage really shows, many times a second, from now until `stop`. */
export async function watchFrame(page: Page): Promise<{ stop(): Promise<readonly Sample[]> }> {
  const watcher = await page.evaluateHandle(() => {
    const [side, half] = [24, 60];
    const seen: number[][] = [];
    const small = document.createElement('canvas');
    small.width = side;
    small.height = side;
    const context = small.getContext('2d', { willReadFrequently: true });
    const look = () => {
      const stage = document.querySelector('[role="application"]');
      if (stage === null || context === null) return;
      context.clearRect(0, 0, side, side);
      const box = stage.getBoundingClientRect();
      for (const canvas of stage.querySelectorAll('canvas')) {
        const scale = canvas.width / canvas.clientWidth;
        const at = canvas.getBoundingClientRect();
        const x = (box.x + box.width / 2 - half - at.x) * scale;
        const y = (box.y + box.height / 2 - half - at.y) * scale;
        context.drawImage(canvas, x, y, 2 * half * scale, 2 * half * scale, 0, 0, side, side);
      }
      const pixels = context.getImageData(0, 0, side, side).data;
      const sample = Array.from(pixels).filter((_, index) => index % 4 !== 3);
      const before = seen.at(-1);
      const change = before?.reduce((sum, value, index) => sum + Math.abs(value - (sample[index] ?? 0)), 0);
      if (change === undefined || change / sample.length > 1) seen.push(sample);
    };
    const timer = setInterval(look, 40);
    return {
      stop: () => {
        clearInterval(timer);
        look();
        return seen;
      },
    };
  });
  return { stop: () => watcher.evaluate((watching) => watching.stop()) };
}

/** Mean difference of two samples, 0 to 255. */
export function difference(a: Sample, b: Sample): number {
  return a.reduce((sum, value, index) => sum + Math.abs(value - (b[index] ?? 0)), 0) / a.length;
}

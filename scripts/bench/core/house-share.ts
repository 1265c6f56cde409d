import { findPack, HOUSE_PACKS_FOLDER, verifyPack } from '../../../models/catalog/packs.ts';
import { openImageModel } from '../../../models/pipelines/image-model.ts';
import type { ImageRequest } from '../../../models/pipelines/image-request.ts';
import { openDevice } from '../../../models/runtime/device.ts';

export interface HouseShare {
  readonly steps: number;
  readonly milliseconds: number;
  /** Share of the wall time spent outside the graphs. */
  readonly share: number;
  readonly target: number;
}

const REQUEST: ImageRequest = {
  mode: 'text-to-image',
  prompt: 'a candle on top of a purple book in the rain',
  negativePrompt: '',
  seed: 1,
  width: 256,
  height: 256,
  steps: 8,
  guidanceScale: 3,
  solver: 'flow-euler',
  strength: 1,
  source: null,
  mask: null,
  controls: [],
};

/** The best of three pictures at every number of steps, after one to warm up. */
export async function houseShares(): Promise<readonly HouseShare[]> {
  const pack = await verifyPack((await findPack('house-image', [HOUSE_PACKS_FOLDER])).folder);
  const device = await openDevice();
  const model = await openImageModel(pack, device.sessions, { warmUp: true });
  const signal = new AbortController().signal;
  const measure = async (
    steps: number,
  ): Promise<{ readonly totalMs: number; readonly overheadMs: number }> => {
    for await (const event of model.generate(
      { ...REQUEST, steps },
      { signal, now: () => performance.now() },
    )) {
      if (event.type === 'result') return event.timings;
    }
    throw new Error('the house pipeline ended without a picture');
  };
  try {
    await measure(4);
    const shares: HouseShare[] = [];
    for (const steps of [1, 4, 8, 30]) {
      const runs = [await measure(steps), await measure(steps), await measure(steps)];
      const [best] = runs.sort((a, b) => a.overheadMs / a.totalMs - b.overheadMs / b.totalMs);
      shares.push({
        steps,
        milliseconds: best.totalMs,
        share: best.overheadMs / best.totalMs,
        target: steps <= 4 ? 0.05 : 0.02,
      });
    }
    return shares;
  } finally {
    model.close();
    await device.sessions.close();
  }
}

import { findPack, HOUSE_PACKS_FOLDER, verifyPack } from '../../../models/catalog/packs.ts';
import { openImageModel } from '../../../models/pipelines/image-model.ts';
import type { ImageRequest } from '../../../models/pipelines/image-request.ts';
import { plainRequest } from '../../../models/pipelines/testing/plain-request.ts';
import { openDevice } from '../../../models/runtime/device.ts';

export interface HouseShare {
  readonly steps: number;
  readonly milliseconds: number;
  /** Of these, outside of onnxruntime's run: noise, solver, guidance, feeds, previews, the finished picture. */
  readonly outsideMs: number;
  readonly share: number;
  readonly target: number;
}

const REQUEST: ImageRequest = {
  ...plainRequest,
  prompt: 'a candle on top of a purple book in the rain',
  seed: 1,
};

/** Pictures of every number of steps. */
const PICTURES = 7;

/** Pictures of 30 steps before anything is measured, as a worker has drawn: the engine compiles what runs often. */
const WARM_UP = 3;

/** How often a worker draws what it has so far. */
const PREVIEW_EVERY_MS = 250;

/** The picture with the median share of seven at every number of steps. */
export async function houseShares(): Promise<readonly HouseShare[]> {
  const pack = await verifyPack((await findPack('house-image', [HOUSE_PACKS_FOLDER])).folder);
  let insideMs = 0;
  const device = await openDevice({
    onRun(milliseconds) {
      insideMs += milliseconds;
    },
  });
  const model = await openImageModel(pack, device.sessions, { warmUp: true });
  const signal = new AbortController().signal;
  const measure = async (steps: number): Promise<HouseShare> => {
    insideMs = 0;
    const started = performance.now();
    const events = model.generate({ ...REQUEST, steps }, { signal, now: () => performance.now() });
    let isDone = false;
    let lastPreview = Number.NEGATIVE_INFINITY;
    for await (const event of events) {
      isDone ||= event.type === 'result';
      if (event.type === 'result' || performance.now() - lastPreview < PREVIEW_EVERY_MS) continue;
      lastPreview = performance.now();
      event.preview?.();
    }
    if (!isDone) throw new Error('the house pipeline ended without a picture');
    const milliseconds = performance.now() - started;
    const outsideMs = milliseconds - insideMs;
    const target = steps <= 4 ? 0.05 : 0.02;
    return { steps, milliseconds, outsideMs, share: outsideMs / milliseconds, target };
  };
  try {
    for (let i = 0; i < WARM_UP; i += 1) await measure(30);
    const shares: HouseShare[] = [];
    for (const steps of [1, 4, 8, 30]) {
      const runs: HouseShare[] = [];
      while (runs.length < PICTURES) runs.push(await measure(steps));
      runs.sort((a, b) => a.share - b.share);
      shares.push(runs[Math.floor(PICTURES / 2)]);
    }
    return shares;
  } finally {
    model.close();
    await device.sessions.close();
  }
}

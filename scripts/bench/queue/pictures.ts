import { join } from 'node:path';
import { HOUSE_PACKS_FOLDER, listPacks } from '../../../models/catalog/packs.ts';
import { createLog } from '../../../platform/log.ts';
import { ensureQueue } from '../../../platform/queue/boss.ts';
import { createDiskStore } from '../../../platform/storage/disk.ts';
import { startAgent } from '../../../workers/agent/agent.ts';
import { enqueuePicture, type Playground, sleep } from '../../queue/playground.ts';
import { type Figure, plain } from './measure.ts';

const crowds = [1, 2, 4, 8] as const;

/**
 * Pictures of the house pack (256 px, 4 steps) that one worker makes in a second while 1, 2, 4 and 8 people each ask for
 * the next as soon as they have one: with the lanes that the model was measured to gain by, and with as many as there are
 * people.
 */
export async function measurePictures(ground: Playground, seconds: number): Promise<readonly Figure[]> {
  const { packs } = await listPacks([HOUSE_PACKS_FOLDER]);
  if (!packs.some((pack) => pack.manifest.id === 'house-image')) return [];
  await ensureQueue(ground.boss, 'image.house-image');
  const figures: Figure[] = [];
  for (const lanes of [undefined, 8]) {
    const agent = await startAgent({
      databaseUrl: ground.url,
      storage: createDiskStore(join(ground.folder, 'assets')),
      gessoHome: ground.folder,
      pools: ['image'],
      slots: 1,
      servesProbes: false,
      log: createLog('bench-worker'),
      ...(lanes === undefined ? {} : { lanes }),
    });
    try {
      await serve(ground, { people: 1, seconds: 2 });
      for (const people of crowds) {
        const { pictures, elapsed } = await serve(ground, { people, seconds });
        const how = lanes === undefined ? 'lanes as measured' : `up to ${lanes} lanes`;
        figures.push(plain(`pictures a second, ${people} asking, ${how}`, pictures / elapsed, '1/s'));
      }
    } finally {
      await agent.stop();
    }
  }
  return figures;
}

async function serve(ground: Playground, load: { readonly people: number; readonly seconds: number }) {
  const started = performance.now();
  const end = started + load.seconds * 1_000;
  let pictures = 0;
  await Promise.all(
    Array.from({ length: load.people }, async (_, person) => {
      const team = ground.teams[person % ground.teams.length];
      for (let seed = person * 1_000; team !== undefined && performance.now() < end; seed += 1) {
        await untilDone(ground, await enqueuePicture(ground, team, seed));
        pictures += 1;
      }
    }),
  );
  return { pictures, elapsed: (performance.now() - started) / 1_000 };
}

async function untilDone({ pool }: Playground, generationId: string): Promise<void> {
  for (;;) {
    const { rows } = await pool.query(
      `select 1 from generation where id = $1 and state in ('succeeded', 'failed')`,
      [generationId],
    );
    if (rows.length > 0) return;
    await sleep(10);
  }
}

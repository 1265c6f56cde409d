import { claimJob } from '../../../platform/queue/claim.ts';
import { settleSuccess } from '../../../platform/queue/settle-success.ts';
import { onPool, transact } from '../../../platform/queue/sql.ts';
import { registerWorker } from '../../../platform/queue/workers.ts';
import { enqueueProbe, type Playground } from '../../queue/playground.ts';
import { atLeast, type Figure, plain } from './measure.ts';

/** L2: every job is enqueued, claimed and completed in three transactions of its own, by clients that work at once. */
export async function measureThroughput(ground: Playground, jobs: number): Promise<readonly Figure[]> {
  const { pool, boss } = ground;
  const worker = await registerWorker(onPool(pool), {
    hostname: 'bench',
    pools: ['image'],
    packs: [],
    device: 'cpu',
  });
  const clients = 8;
  const started = performance.now();
  const cpu = process.cpuUsage();
  await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      const team = ground.teams[client % ground.teams.length];
      if (team === undefined) return;
      for (let i = 0; i < jobs / clients; i += 1) {
        await transact(pool, (sql) => enqueueProbe({ boss, sql }, team, { steps: 1, stepMs: 0 }));
        const job = await claimJob({ boss, pool }, { queue: 'image.probe', workerId: worker.id });
        if (job === null) continue;
        const output = {
          id: `${job.jobId}-0`,
          index: 0,
          seed: 0,
          assetHash: 'a'.repeat(64),
          width: 1,
          height: 1,
          recipe: {},
        };
        await settleSuccess({ boss, pool }, job, {
          generationId: job.generationId,
          outputs: [output],
          assets: [],
          inputs: [],
          durationMs: 1,
        });
      }
    }),
  );
  const seconds = (performance.now() - started) / 1_000;
  const used = process.cpuUsage(cpu);
  return [
    atLeast('enqueue + claim + complete, three transactions each', jobs / seconds, 250, 'jobs/s'),
    plain('CPU of this client meanwhile', (used.user + used.system) / 10_000 / seconds, '% of a core'),
  ];
}

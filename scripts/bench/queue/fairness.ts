import { claimJob } from '../../../platform/queue/claim.ts';
import { settleFailure } from '../../../platform/queue/settle-failure.ts';
import { onPool, transact } from '../../../platform/queue/sql.ts';
import { registerWorker } from '../../../platform/queue/workers.ts';
import type { TestStudio } from '../../../platform/testing/studio.ts';
import { emptyLine, enqueueProbe, type Playground } from '../../queue/playground.ts';
import { atLeast, atMost, type Figure } from './measure.ts';

/** L6: a newcomer behind one team's 300 jobs, and how evenly ten teams are served while all of them have work. */
export async function measureFairness(ground: Playground): Promise<readonly Figure[]> {
  const [crowd, newcomer, ...others] = ground.teams;
  if (crowd === undefined || newcomer === undefined) return [];
  const worker = await registerWorker(onPool(ground.pool), {
    hostname: 'bench',
    pools: ['image'],
    packs: [],
    device: 'cpu',
  });
  await enqueueMany(ground, crowd, 300);
  await serve(ground, worker.id, 10);
  await enqueueMany(ground, newcomer, 5);
  const served = await serve(ground, worker.id, 40);
  const slots = served.flatMap((team, i) => (team === newcomer.organizationId ? [i + 1] : []));
  await emptyLine(ground);

  // Ten teams that ask for very different amounts; all have work left when 100 have been served.
  const ten = [crowd, newcomer, ...others].slice(0, 10);
  for (const [i, team] of ten.entries()) await enqueueMany(ground, team, 15 + 5 * i);
  const order = await serve(ground, worker.id, 100);
  const counts = ten.map((team) => order.filter((id) => id === team.organizationId).length);
  await emptyLine(ground);
  return [
    atMost('newcomer behind 300 jobs: slot of its first', slots[0] ?? Number.NaN, 2, ''),
    atMost('newcomer behind 300 jobs: slot of its fifth', slots[4] ?? Number.NaN, 10, ''),
    atLeast(`fairness of ${ten.length} teams (Jain's index)`, jainIndex(counts), 0.95, ''),
  ];
}

/** (Σx)² / (n · Σx²): 1 when all are served alike (Jain, Chiu and Hawe, 1984). */
function jainIndex(values: readonly number[]): number {
  const sum = values.reduce((a, b) => a + b, 0);
  const squares = values.reduce((a, b) => a + b * b, 0);
  return squares === 0 ? 0 : (sum * sum) / (values.length * squares);
}

async function enqueueMany({ pool, boss }: Playground, team: TestStudio, jobs: number): Promise<void> {
  await transact(pool, async (sql) => {
    for (let i = 0; i < jobs; i += 1) await enqueueProbe({ boss, sql }, team, { steps: 1, stepMs: 0 });
  });
}

async function serve({ pool, boss }: Playground, workerId: string, most: number): Promise<readonly string[]> {
  const served: string[] = [];
  while (served.length < most) {
    const job = await claimJob({ boss, pool }, { queue: 'image.probe', workerId });
    if (job === null) break;
    const reason = { code: 'internal', message: 'a bench', fix: '' };
    await settleFailure({ boss, pool }, job, { generationId: job.generationId, reason });
    served.push(job.organizationId);
  }
  return served;
}

import { claimJob } from '../../../platform/queue/claim.ts';
import { onPool } from '../../../platform/queue/sql.ts';
import { registerWorker } from '../../../platform/queue/workers.ts';
import { emptyLine, type Playground } from '../../queue/playground.ts';
import { type Figure, spread } from './measure.ts';

/** L3: the claim transaction with many jobs waiting. */
export async function measureDepth(ground: Playground, queued: number): Promise<readonly Figure[]> {
  const { pool, boss } = ground;
  await fill(ground, queued);
  const worker = await registerWorker(onPool(pool), {
    hostname: 'bench',
    pools: ['image'],
    packs: [],
    device: 'cpu',
  });
  const times: number[] = [];
  for (let i = 0; i < 500; i += 1) {
    const started = performance.now();
    const job = await claimJob({ boss, pool }, { queue: 'image.probe', workerId: worker.id });
    if (job !== null) times.push(performance.now() - started);
  }
  await emptyLine(ground);
  return spread(`claim with ${queued.toLocaleString('en')} queued`, times, { p99: 10 });
}

/** Rows and jobs in bulk: pg-boss' own batch insert, with priorities as 100 teams in turn would have them. */
async function fill({ pool, boss, teams }: Playground, queued: number): Promise<void> {
  const [team] = teams;
  if (team === undefined) return;
  await pool.query(
    `insert into generation (id, "organizationId", "requestedById", pool, pack, request, prompt, priority)
     select 'deep-' || n, $1, $2, 'image', 'probe', '{"steps":1,"stepMs":0}', '', -(n / 100)
       from generate_series(1, $3::int) n`,
    [team.organizationId, team.userId, queued],
  );
  const batch = 5_000;
  for (let from = 1; from <= queued; from += batch) {
    const size = Math.min(batch, queued - from + 1);
    await boss.insert(
      'image.probe',
      Array.from({ length: size }, (_, i) => ({
        data: { generationId: `deep-${from + i}`, task: 'probe' },
        priority: -Math.floor((from + i) / 100),
      })),
    );
  }
  await pool.query(
    `update generation g set "jobId" = j.id::text from pgboss.job j
      where j.name = 'image.probe' and j.data->>'generationId' = g.id and g.state = 'queued'`,
  );
  await pool.query('analyze');
}

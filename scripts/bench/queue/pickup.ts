import { openListener } from '../../../platform/queue/listener.ts';
import { cancelJob } from '../../../platform/queue/cancel.ts';
import { transact } from '../../../platform/queue/sql.ts';
import { generationEventChannel, generationEventSchema } from '../../../shared/contracts/generation.ts';
import { startAgentProcess } from '../../../workers/testing/agent-process.ts';
import { enqueueProbe, type Playground, sleep } from '../../queue/playground.ts';
import { type Figure, plain, spread, usageOf } from './measure.ts';

/**
 * L1 and F11 with real agent processes. Pickup: from the answer to the enqueuing COMMIT to hearing the claim's event here,
 * so a NOTIFY back is included. Cancel: from the answer to the cancelling COMMIT to hearing that the only worker has
 * claimed the next job.
 */
export async function measurePickup(ground: Playground, seconds: number): Promise<readonly Figure[]> {
  const claimedAt = new Map<string, number>();
  const listener = openListener({
    url: ground.url,
    channels: [generationEventChannel],
    onError: () => undefined,
    onNotification: (_, payload) => {
      const event = generationEventSchema.safeParse(JSON.parse(payload)).data;
      if (event?.kind === 'progress' && event.step === 0)
        claimedAt.set(event.generationId, performance.now());
    },
  });
  await listener.whenLive();
  const first = await startAgentProcess({ databaseUrl: ground.url, home: ground.folder });
  const cancels = await measureCancels(ground, claimedAt);
  const second = await startAgentProcess({ databaseUrl: ground.url, home: ground.folder });
  const agents = [first, second];

  const before = await Promise.all([
    ...agents.map((agent) => usageOf(agent.pid)),
    usageOf(ground.postgres().pid),
  ]);
  const started = performance.now();
  const { committedAt, failed } = await sendSteadily(ground, seconds);
  await sleep(1_000);
  const spent = (performance.now() - started) / 1_000;
  const after = await Promise.all([
    ...agents.map((agent) => usageOf(agent.pid)),
    usageOf(ground.postgres().pid),
  ]);
  const waits = [...committedAt].flatMap(([id, at]) => {
    const claimed = claimedAt.get(id);
    return claimed === undefined ? [] : [Math.max(0, claimed - at)];
  });

  for (const agent of agents) agent.signal('SIGTERM');
  await Promise.all(agents.map((agent) => agent.gone));
  await listener.close();
  const cpuOf = (i: number) => (((after[i]?.cpu ?? 0) - (before[i]?.cpu ?? 0)) / spent) * 100;
  const memoryOf = (i: number) => (after[i]?.rss ?? 0) / 1024 ** 2;
  return [
    ...spread('pickup at 50 jobs/s, two workers', waits, { p50: 10, p99: 50 }),
    plain('jobs that could not be sent, jobs not picked up', failed + committedAt.size - waits.length, ''),
    plain('CPU of one worker with its runners', (cpuOf(0) + cpuOf(1)) / 2, '% of a core'),
    plain('memory of one worker with its runner and spare', (memoryOf(0) + memoryOf(1)) / 2, 'MiB'),
    plain('CPU of Postgres', cpuOf(2), '% of a core'),
    plain('memory of Postgres, shared pages counted per process', memoryOf(2), 'MiB'),
    ...spread('cancel a running job until the worker claims the next', cancels, { p99: 1_000 }),
  ];
}

async function sendSteadily(ground: Playground, seconds: number) {
  const committedAt = new Map<string, number>();
  let failed = 0;
  const sending: Promise<void>[] = [];
  const everyMs = 20;
  const started = performance.now();
  for (let i = 0; i < (seconds * 1_000) / everyMs; i += 1) {
    await sleep(Math.max(0, started + i * everyMs - performance.now()));
    const team = ground.teams[i % ground.teams.length];
    if (team === undefined) break;
    const sent = transact(ground.pool, (sql) =>
      enqueueProbe({ boss: ground.boss, sql }, team, { steps: 1, stepMs: 1 }),
    );
    sending.push(
      sent.then(
        (id) => {
          committedAt.set(id, performance.now());
        },
        () => {
          failed += 1;
        },
      ),
    );
  }
  await Promise.all(sending);
  return { committedAt, failed };
}

async function measureCancels(
  ground: Playground,
  claimedAt: ReadonlyMap<string, number>,
): Promise<readonly number[]> {
  const { pool, boss, teams } = ground;
  const [team] = teams;
  const times: number[] = [];
  if (team === undefined) return times;
  const untilClaimed = async (id: string) => {
    while (!claimedAt.has(id)) await sleep(2);
    return claimedAt.get(id) ?? 0;
  };
  for (let i = 0; i < 20; i += 1) {
    const long = await transact(pool, (sql) =>
      enqueueProbe({ boss, sql }, team, { steps: 1_000, stepMs: 20 }),
    );
    const next = await transact(pool, (sql) => enqueueProbe({ boss, sql }, team, { steps: 1, stepMs: 1 }));
    await untilClaimed(long);
    await sleep(100);
    await transact(pool, (sql) => cancelJob({ boss, sql }, { generationId: long, cost: 1 }));
    const cancelledAt = performance.now();
    times.push((await untilClaimed(next)) - cancelledAt);
  }
  return times;
}

import { parseArgs } from 'node:util';
import { readEnv } from '../platform/env.ts';
import { createLog } from '../platform/log.ts';
import { openAssetStore } from '../platform/storage/open.ts';
import { poolSchema } from '../shared/contracts/generation.ts';
import { startAgent } from './agent/agent.ts';

/**
 * The worker process: `--pools image,video`, `--slots N` runners, `--lanes N` jobs at once in each (by default as many as
 * its model gains by). Runs until SIGTERM or SIGINT.
 */
const { values } = parseArgs({
  options: {
    pools: { type: 'string', default: 'image' },
    slots: { type: 'string', default: '1' },
    lanes: { type: 'string' },
    probe: { type: 'boolean', default: false },
  },
});

const env = readEnv();
const log = createLog('worker');
if (env.DATABASE_URL === undefined) {
  log.fatal('DATABASE_URL is not set. On one machine, npm start runs every part.');
  process.exit(1);
}

const agent = await startAgent({
  databaseUrl: env.DATABASE_URL,
  storage: openAssetStore(env),
  gessoHome: env.GESSO_HOME,
  pools: values.pools.split(',').map((name) => poolSchema.parse(name.trim())),
  slots: Math.max(1, Number.parseInt(values.slots, 10) || 1),
  ...(values.lanes === undefined ? {} : { lanes: Math.max(1, Number.parseInt(values.lanes, 10) || 1) }),
  servesProbes: values.probe,
  log,
});

/** The supervisor waits 12 s; most pictures are done in less. */
const graceMs = 8_000;
let isStopping = false;
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (isStopping) return;
    isStopping = true;
    agent.stop(graceMs).then(
      () => process.exit(0),
      (err: unknown) => {
        log.error({ err }, 'the worker did not stop cleanly');
        process.exit(1);
      },
    );
  });
}

import { portsOf, readEnv } from '../../platform/env.ts';
import { createLog } from '../../platform/log.ts';
import { openAssetStore } from '../../platform/storage/open.ts';
import { startCollabServer } from './server.ts';

const env = readEnv();
const log = createLog('collab');
if (env.DATABASE_URL === undefined) {
  log.fatal(
    'DATABASE_URL is not set. npm start starts a database of its own; alone, the collab server needs one.',
  );
  process.exit(1);
}

const server = await startCollabServer({
  databaseUrl: env.DATABASE_URL,
  redisUrl: env.REDIS_URL,
  port: portsOf(env).collab,
  host: '0.0.0.0',
  origins: allowedOrigins(env.GESSO_URL, env.PORT),
  storage: openAssetStore(env),
  log,
}).catch((error: unknown) => {
  log.fatal({ err: error }, 'the collab server could not start');
  process.exit(1);
});
log.info({ event: 'ready', port: server.port }, 'ready');

let stopping = false;
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, 'stopping');
    server
      .stop()
      .catch((error: unknown) => log.error({ err: error }, 'stopping failed'))
      .finally(() => process.exit(0));
  });
}

/** [U1] The address that people type, and nothing else; without one, this machine under both of its names. */
function allowedOrigins(url: string | undefined, port: number): readonly string[] {
  if (url !== undefined) return [new URL(url).origin];
  return [`http://localhost:${port}`, `http://127.0.0.1:${port}`];
}

import { createServer, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import createNext from 'next';
import { portsOf, readEnv } from '../platform/env.ts';
import { createLog } from '../platform/log.ts';
import { startMaintenance } from './maintenance.ts';

/** How long open requests may take to finish after the signal to stop. */
const graceMs = 2_500;

/** Everything else is refused here: Next answers TRACE with a fault of its own. */
const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'OPTIONS']);

/** The web process: Next over the finished build (or from the sources when NODE_ENV is development), on PORT. */
async function main(): Promise<void> {
  const env = readEnv();
  const log = createLog('web');
  const port = portsOf(env).web;
  const developing = env.NODE_ENV === 'development';
  const pages = createNext({
    dev: developing,
    dir: join(import.meta.dirname, '..'),
    port,
    hostname: 'localhost',
  });
  await pages.prepare();
  const handle = pages.getRequestHandler();

  const server = createServer(
    { requestTimeout: 120_000, headersTimeout: 20_000, maxHeaderSize: 32 * 1024 },
    (request, response) => {
      if (!methods.has(request.method ?? '')) {
        response.writeHead(405, { Allow: [...methods].join(', ') }).end();
        return;
      }
      if (env.TRUST_PROXY === '0') nameRealAddress(request);
      handle(request, response).catch((error: unknown) => {
        log.error({ err: error }, 'a request failed');
        response.destroy();
      });
    },
  );
  // Sockets belong to the collab server. Only hot reloading, while one develops, upgrades here.
  if (!developing) server.on('upgrade', (_request, socket) => socket.destroy());

  await new Promise<void>((settle, fail) => {
    server.once('error', fail);
    server.listen(port, () => settle());
  });
  const stopMaintenance = startMaintenance(env, log);
  log.info({ port }, 'the web process listens');

  await new Promise<void>((settle) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => settle());
  });
  log.info('the web process stops');
  await stopMaintenance();
  const closed = new Promise<void>((settle) => server.close(() => settle()));
  server.closeIdleConnections();
  // Event streams never finish by themselves; browsers open them again at the next process.
  const hurry = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearTimeout(hurry);
  process.exit(0);
}

/**
 * What a client says about its own address is not believed: limits per address count the socket's. A proxy in front
 * must say so with TRUST_PROXY=1 and overwrite X-Forwarded-For.
 */
function nameRealAddress(request: IncomingMessage): void {
  request.headers['x-forwarded-for'] = request.socket.remoteAddress ?? '0.0.0.0';
  delete request.headers.forwarded;
  delete request.headers['x-real-ip'];
  delete request.headers['x-forwarded-host'];
  delete request.headers['x-forwarded-proto'];
}

await main();

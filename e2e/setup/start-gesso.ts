import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseEnv } from '../../platform/env.ts';
import { freePort } from '../../platform/testing/postgres-setup.ts';
import { startStack } from '../../scripts/supervisor/stack.ts';

const root = join(import.meta.dirname, '../..');

/** Tells the journeys, which run in other processes, where Gesso is. */
export const addressFile = join(root, '.cache/e2e-address');

/** Playwright global setup: a whole Gesso in a throw-away home; the returned function stops it and removes the home. */
export default async function startGesso(): Promise<() => Promise<void>> {
  const home = await mkdtemp(join(tmpdir(), 'gesso-e2e-'));
  const [port, collabPort, postgresPort] = [await freePort(), await freePort(), await freePort()];
  const env = parseEnv({
    GESSO_HOME: home,
    PORT: String(port),
    COLLAB_PORT: String(collabPort),
    POSTGRES_PORT: String(postgresPort),
  });
  const stack = await startStack({
    root,
    env,
    say: (line) => process.stdout.write(`${line}\n`),
    web: [join(root, 'server/web.ts')],
    nodeEnv: 'production',
  });
  await mkdir(dirname(addressFile), { recursive: true });
  await writeFile(addressFile, stack.address);
  return async () => {
    await stack.stop();
    await rm(home, { recursive: true, force: true });
  };
}

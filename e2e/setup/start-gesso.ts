import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { choosePorts, startGesso } from './gesso-process.ts';

/** Tells the journeys, which run in other processes, where Gesso is. */
export const addressFile = join(import.meta.dirname, '../../.cache/e2e-address');

/** Playwright global setup: a whole Gesso in a throw-away home; the returned function stops it and removes the home. */
export default async function setup(): Promise<() => Promise<void>> {
  const home = await mkdtemp(join(tmpdir(), 'gesso-e2e-'));
  const gesso = await startGesso(home, await choosePorts());
  await mkdir(dirname(addressFile), { recursive: true });
  await writeFile(addressFile, gesso.address);
  return async () => {
    await gesso.stop();
    await rm(home, { recursive: true, force: true });
  };
}

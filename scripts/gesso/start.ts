import { join } from 'node:path';
import { readEnv } from '../../platform/env.ts';
import { ensureBuild } from '../supervisor/build.ts';
import { waitForStopSignal } from '../supervisor/signals.ts';
import { startStack } from '../supervisor/stack.ts';

const root = join(import.meta.dirname, '../..');

/** `npm start`: builds when needed, starts everything, prints the ready line, and stays until told to stop. */
export async function run(): Promise<number> {
  const say = (line: string) => process.stdout.write(`${line}\n`);
  const stopSignal = waitForStopSignal();
  ensureBuild(root, say);
  say('Starting the database, the web pages, the collab server and a worker …');
  const stack = await startStack({
    root,
    env: readEnv(),
    say,
    web: [join(root, 'server/web.ts')],
    nodeEnv: 'production',
  });
  say(`Gesso is ready at ${stack.address}`);
  await stopSignal;
  say('Stopping …');
  await stack.stop();
  say('Stopped. Everything is saved.');
  return 0;
}

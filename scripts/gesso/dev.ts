import { join } from 'node:path';
import { readEnv } from '../../platform/env.ts';
import { waitForStopSignal } from '../supervisor/signals.ts';
import { startStack } from '../supervisor/stack.ts';

const root = join(import.meta.dirname, '../..');

/** `npm run dev`: as `npm start`, with Next's development server in place of a build. */
export async function run(): Promise<number> {
  const say = (line: string) => process.stdout.write(`${line}\n`);
  const env = readEnv();
  const stopSignal = waitForStopSignal();
  const next = join(root, 'node_modules/next/dist/bin/next');
  const stack = await startStack({
    root,
    env,
    say,
    web: [next, 'dev', '--port', String(env.PORT)],
    nodeEnv: 'development',
  });
  say(`Gesso is ready at ${stack.address} (pages reload when you change them)`);
  await stopSignal;
  await stack.stop();
  return 0;
}

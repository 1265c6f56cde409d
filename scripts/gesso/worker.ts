import { join } from 'node:path';
import { runAlone } from '../supervisor/alone.ts';

/** `npx gesso worker`: this part alone, for running it on a machine of its own. Needs DATABASE_URL. */
export function run(args: readonly string[]): Promise<number> {
  return runAlone(join(import.meta.dirname, '../../workers/main.ts'), args);
}

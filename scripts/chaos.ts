import { AppError } from '../platform/errors.ts';

const runs: Readonly<Record<string, () => Promise<{ run(args: readonly string[]): Promise<number> }>>> = {
  collab: () => import('./chaos/collab.ts'),
  queue: () => import('./chaos/queue.ts'),
};

/** `npm run chaos -- collab|queue [--rounds N]`: kill -9 under load; fails when anything acknowledged is lost or doubled. */
export async function run([name = '', ...args]: readonly string[]): Promise<number> {
  const load = Object.hasOwn(runs, name) ? runs[name] : undefined;
  if (load === undefined) {
    throw new AppError('bad_input', `There is no chaos run "${name}".`, {
      fix: `Choose one of: ${Object.keys(runs).join(', ')}.`,
    });
  }
  return (await load()).run(args);
}

import { AppError } from '../platform/errors.ts';

const benches: Readonly<Record<string, () => Promise<{ run(args: readonly string[]): Promise<number> }>>> = {
  core: () => import('./bench/core/main.ts'),
  collab: () => import('./bench/collab/main.ts'),
  queue: () => import('./bench/queue/main.ts'),
};

/** `npm run bench -- core|collab|queue [--json]`: prints measurements beside their targets. Nothing fails on a time. */
export async function run([name = '', ...args]: readonly string[]): Promise<number> {
  const load = Object.hasOwn(benches, name) ? benches[name] : undefined;
  if (load === undefined) {
    throw new AppError('bad_input', `There is no benchmark "${name}".`, {
      fix: `Choose one of: ${Object.keys(benches).join(', ')}.`,
    });
  }
  return (await load()).run(args);
}

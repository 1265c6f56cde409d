import { spawn } from 'node:child_process';
import { childEnv, readEnv } from '../../platform/env.ts';
import { AppError } from '../../platform/errors.ts';
import { homeAt, prepareHome, readSecret } from '../../platform/home.ts';

/** Runs one part of Gesso in the foreground against a database that is already there; answers with its exit status. */
export async function runAlone(script: string, args: readonly string[]): Promise<number> {
  const env = readEnv();
  if (env.DATABASE_URL === undefined) {
    throw new AppError('bad_input', 'DATABASE_URL is not set, so there is nothing to connect to.', {
      fix: 'Set DATABASE_URL to the Postgres that the other parts use. On one machine, npm start runs all of them.',
    });
  }
  const home = homeAt(env.GESSO_HOME);
  await prepareHome(home);
  const secret = env.GESSO_SECRET ?? (await readSecret(home));
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, ...args], {
    stdio: 'inherit',
    env: childEnv({ GESSO_HOME: home.folder, GESSO_SECRET: secret }),
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
  return new Promise((settle) => child.once('exit', (code) => settle(code ?? 1)));
}

import { toAppError } from '../../platform/errors.ts';

/** A command takes its arguments and answers with an exit status. Its module is loaded only when it is asked for. */
interface Command {
  readonly about: string;
  readonly load: () => Promise<{ run(args: readonly string[]): Promise<number> }>;
}

const commands: Readonly<Record<string, Command>> = {
  start: { about: 'start Gesso on this machine', load: () => import('./start.ts') },
  generate: { about: 'make a picture from a prompt, without a server', load: () => import('./generate.ts') },
  upscale: { about: 'make a picture larger, without a server', load: () => import('./upscale.ts') },
  models: { about: 'list, add, verify or remove models', load: () => import('./models.ts') },
  worker: { about: 'run a worker agent (--pools image)', load: () => import('./worker.ts') },
  web: { about: 'run the web process alone', load: () => import('./web.ts') },
  collab: { about: 'run the collab server alone', load: () => import('./collab.ts') },
  doctor: { about: 'check this machine and say how to fix what is wrong', load: () => import('./doctor.ts') },
  dev: { about: 'start Gesso with live reload, for working on it', load: () => import('./dev.ts') },
  test: { about: 'run every test', load: () => import('../test.ts') },
  check: {
    about: 'format, lint, types, architecture, dead code, spec ids',
    load: () => import('../check.ts'),
  },
  sheets: {
    about: 'draw before and after of every task of a house pack',
    load: () => import('../evaluate/task-sheets.ts'),
  },
  golden: {
    about: 'compare the diffusion core with reference numbers',
    load: () => import('../golden/main.ts'),
  },
  evaluate: {
    about: 'measure what a pack can draw, with its scene parser',
    load: () => import('../evaluate/main.ts'),
  },
  bench: { about: 'measure core, collab, queue or web', load: () => import('../bench.ts') },
  chaos: { about: 'kill things under load and count what is lost', load: () => import('../chaos.ts') },
};

function help(): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length));
  const lines = Object.entries(commands).map(([name, { about }]) => `  ${name.padEnd(width)}  ${about}`);
  return `Usage: npx gesso COMMAND [ARGUMENTS]\n\n${lines.join('\n')}\n`;
}

async function main([name = 'help', ...args]: readonly string[]): Promise<number> {
  if (name === 'help' || name === '--help' || name === '-h') {
    process.stdout.write(help());
    return 0;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) {
    process.stderr.write(`There is no command "${name}".\n\n${help()}`);
    return 2;
  }
  try {
    const loaded = await command.load();
    return await loaded.run(args);
  } catch (thrown) {
    const error = toAppError(thrown);
    process.stderr.write(`\n${error.message}\n`);
    if (error.fix !== undefined) process.stderr.write(`${error.fix}\n`);
    if (error.code === 'internal')
      process.stderr.write(`${thrown instanceof Error ? thrown.stack : String(thrown)}\n`);
    return 1;
  }
}

process.exitCode = await main(process.argv.slice(2));

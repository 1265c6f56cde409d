import os from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { houseShares } from './house-share.ts';
import { measureSteps } from './step-time.ts';

/**
 * npm run bench -- core [--json] [--no-model]
 * Time and memory a step takes outside the network, and the share of a house picture's time that is not the
 * network's. Prints each number beside its target; nothing fails on a time.
 */
export async function run(args: readonly string[]): Promise<number> {
  // V8's middle compiler keeps long loops that it inlined at a sixth of their speed; runners are started so.
  setFlagsFromString('--no-maglev');
  const steps = measureSteps();
  const shares = args.includes('--no-model') ? [] : await houseShares();
  const machine = `${os.cpus()[0]?.model ?? 'unknown CPU'}, ${os.availableParallelism()} threads, Node ${process.version}`;
  if (args.includes('--json')) {
    console.log(JSON.stringify({ machine, steps, shares }, null, 2));
    return 0;
  }
  console.log(machine);
  console.log('\nA step outside the network: guidance of two predictions, the solver, scaling of the input');
  console.log(
    'latent        solver             CPU ms   target   clock ms   bytes allocated: arrays   objects',
  );
  for (const { shape, solver, milliseconds, wallMilliseconds, target, arrayBytes, objectBytes } of steps) {
    console.log(
      [
        shape.padEnd(13),
        solver.padEnd(16),
        milliseconds.toFixed(3).padStart(8),
        `≤ ${target}`.padStart(8),
        wallMilliseconds.toFixed(3).padStart(10),
        String(arrayBytes).padStart(25),
        String(objectBytes).padStart(9),
      ].join(' '),
    );
  }
  if (shares.length > 0) {
    console.log('\nA house picture: share of its wall time outside session.run, median of seven');
    for (const { steps: count, milliseconds, outsideMs, share, target } of shares) {
      const percent = (100 * share).toFixed(2);
      console.log(
        `${String(count).padStart(2)} steps   ${milliseconds.toFixed(0).padStart(6)} ms   ${outsideMs.toFixed(2).padStart(6)} ms outside   ${percent} % (≤ ${100 * target} %)`,
      );
    }
  }
  return 0;
}

if (import.meta.main) process.exitCode = await run(process.argv.slice(2));

import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { openPlayground } from '../../queue/playground.ts';
import { measureDepth } from './depth.ts';
import { measureFairness } from './fairness.ts';
import type { Figure } from './measure.ts';
import { measurePickup } from './pickup.ts';
import { measurePictures } from './pictures.ts';
import { measureThroughput } from './throughput.ts';

/**
 * `npm run bench -- queue [--seconds N] [--json]`: the queue on a Postgres of its own with ordinary durability. Prints each
 * figure beside its target; nothing fails on a time.
 */
export async function run(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { seconds: { type: 'string', default: '60' }, json: { type: 'boolean', default: false } },
  });
  const say = (line: string) => values.json || process.stdout.write(`${line}\n`);
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}`;
  say(`${machine}; load of the last minute ${loadavg()[0]?.toFixed(1)}`);
  const ground = await openPlayground({ teams: 10, connections: 8 });
  try {
    const figures: Figure[] = [];
    const measure = async (name: string, work: () => Promise<readonly Figure[]>) => {
      say(`\n${name}`);
      const measured = await work();
      for (const figure of measured) say(line(figure));
      figures.push(...measured);
    };
    await measure('throughput', () => measureThroughput(ground, 2_000));
    await measure('fairness', () => measureFairness(ground));
    await measure('pickup and cancel', () => measurePickup(ground, Number.parseInt(values.seconds, 10)));
    await measure('pictures', () => measurePictures(ground, 6));
    await measure('depth', () => measureDepth(ground, 100_000));
    const measuredAt = new Date().toISOString();
    if (values.json)
      process.stdout.write(`${JSON.stringify({ machine, load: loadavg(), measuredAt, figures }, null, 2)}\n`);
    return 0;
  } finally {
    await ground.close();
  }
}

function line({ name, value, unit, target, isMet }: Figure): string {
  const met = isMet === null ? '' : isMet ? 'met' : 'MISSED';
  return `${name.padEnd(64)} ${String(value).padStart(8)} ${unit.padEnd(12)} ${target.padEnd(8)} ${met}`.trimEnd();
}

import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { openPlayground } from '../../queue/playground.ts';
import { measureDepth } from './depth.ts';
import { measureFairness } from './fairness.ts';
import type { Figure } from './measure.ts';
import { measurePickup } from './pickup.ts';
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
  const ground = await openPlayground({ teams: 10, connections: 8 });
  try {
    const figures: Figure[] = [];
    const measure = async (name: string, work: () => Promise<readonly Figure[]>) => {
      say(`measuring ${name} …`);
      figures.push(...(await work()));
    };
    await measure('throughput', () => measureThroughput(ground, 2_000));
    await measure('fairness', () => measureFairness(ground));
    await measure('pickup and cancel', () => measurePickup(ground, Number.parseInt(values.seconds, 10)));
    await measure('depth', () => measureDepth(ground, 100_000));
    const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}`;
    const measuredAt = new Date().toISOString();
    process.stdout.write(
      values.json
        ? `${JSON.stringify({ machine, measuredAt, figures }, null, 2)}\n`
        : table(machine, figures),
    );
    return 0;
  } finally {
    await ground.close();
  }
}

function table(machine: string, figures: readonly Figure[]): string {
  const lines = figures.map(({ name, value, unit, target, isMet }) => {
    const met = isMet === null ? '' : isMet ? 'met' : 'MISSED';
    return `${name.padEnd(64)} ${String(value).padStart(8)} ${unit.padEnd(12)} ${target.padEnd(8)} ${met}`.trimEnd();
  });
  return `\n${machine}\n${lines.join('\n')}\n`;
}

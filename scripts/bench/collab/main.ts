import { fork } from 'node:child_process';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import {
  type Absent,
  benchOrigin,
  type Contestant,
  startGesso,
  startHocuspocus,
  startYWebsocketServer,
} from './contestants.ts';
import { type LoadOrder, type LoadReport, loadReportSchema, type Quantiles } from './load-order.ts';
import { type Usage, watchUsage } from './process-stats.ts';
import type { Revocation } from './revocation.ts';

interface Scenario {
  readonly name: string;
  readonly rooms: number;
  readonly people: number;
  readonly perSecond: number;
}

/** The targets of the reliability notes: p50 under 5 ms, p99 under 50 ms, at most 60 % of a core. */
const scenarios: readonly Scenario[] = [
  { name: '1 × 100', rooms: 1, people: 100, perSecond: 20 },
  { name: '200 × 2', rooms: 200, people: 2, perSecond: 20 },
];
const targets = {
  p50: 5,
  p99: 50,
  cpu: 60,
  acknowledgementP50: 20,
  acknowledgementP99: 60,
  revocation: 2_000,
};

interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly node: string;
  readonly loadAverage: number | undefined;
}

type Done = Extract<LoadReport, { kind: 'done' }>;

interface Row {
  readonly scenario: string;
  readonly server: string;
  readonly result: (Done & Usage & { readonly commit: Quantiles }) | { readonly absent: string };
}

/**
 * `npm run bench -- collab [--seconds N] [--json] [--only gesso,hocuspocus,y-websocket-server]`: Gesso's collab server
 * beside stock Hocuspocus and stock @y/websocket-server, one after the other, under the same load. Prints; nothing
 * fails on a time. Returns 1 only when Gesso did not deliver everything.
 */
export async function run(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: '10' },
      json: { type: 'boolean', default: false },
      only: { type: 'string', default: 'gesso,hocuspocus,y-websocket-server' },
    },
  });
  const seconds = z.coerce.number().min(1).max(3_600).parse(values.seconds);
  const wanted = values.only.split(',');
  const starters: Readonly<Record<string, () => Promise<Contestant | Absent>>> = {
    gesso: startGesso,
    hocuspocus: startHocuspocus,
    'y-websocket-server': startYWebsocketServer,
  };
  const rows: Row[] = [];
  let revocation: Revocation | null = null;
  for (const scenario of scenarios) {
    for (const [name, start] of Object.entries(starters)) {
      if (!wanted.includes(name)) continue;
      if (!values.json) process.stderr.write(`measuring ${name}, ${scenario.name} …\n`);
      rows.push({ scenario: scenario.name, server: name, result: await measure(start, scenario, seconds) });
    }
  }
  if (wanted.includes('gesso')) {
    if (!values.json) process.stderr.write('measuring how fast access is taken away …\n');
    revocation = await measureAccess();
  }
  const machine: Machine = {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    node: process.version,
    loadAverage: loadavg()[0],
  };
  process.stdout.write(
    values.json
      ? `${JSON.stringify({ machine, seconds, targets, rows, revocation })}\n`
      : `${table(rows, machine, seconds)}${revocationLines(revocation)}`,
  );
  const incomplete = rows.some(
    ({ server, result }) => server === 'gesso' && 'delivered' in result && result.delivered < 1,
  );
  return incomplete ? 1 : 0;
}

async function measure(
  start: () => Promise<Contestant | Absent>,
  scenario: Scenario,
  seconds: number,
): Promise<Row['result']> {
  const contestant = await start();
  if ('absent' in contestant) return { absent: contestant.absent };
  try {
    const order: LoadOrder = {
      framing: contestant.framing,
      perSecond: scenario.perSecond,
      warmUpSeconds: 2,
      seconds,
      origin: benchOrigin,
      rooms: await contestant.makeRooms(scenario.rooms, scenario.people),
    };
    return { ...(await load(order, contestant.pid)), commit: contestant.commit };
  } finally {
    await contestant.stop();
  }
}

/** How fast Gesso takes access away in a room where `busy` people make 20 edits a second each. */
async function measureAccess(): Promise<Revocation | null> {
  const [busy, guests] = [50, 36];
  const contestant = await startGesso();
  try {
    const [room] = await contestant.makeRooms(1, busy + guests);
    if (room === undefined || contestant.revoke === null) return null;
    const crowd = load(
      {
        framing: contestant.framing,
        perSecond: 20,
        warmUpSeconds: 1,
        seconds: 20,
        origin: benchOrigin,
        rooms: [{ name: room.name, urls: room.urls.slice(0, busy) }],
      },
      contestant.pid,
    );
    const [revocation] = await Promise.all([contestant.revoke(room, guests), crowd]);
    return revocation;
  } finally {
    await contestant.stop();
  }
}

function load(order: LoadOrder, serverPid: number): Promise<Done & Usage> {
  const child = fork(join(import.meta.dirname, 'load.ts'), [JSON.stringify(order)]);
  return new Promise((settle, fail) => {
    let watch: ReturnType<typeof watchUsage> | null = null;
    let timer: NodeJS.Timeout | undefined;
    let usage: Usage | null = null;
    child.on('message', (message) => {
      const report = loadReportSchema.parse(message);
      if (report.kind === 'measuring') {
        watch = watchUsage(serverPid, child.pid ?? 0);
        timer = setTimeout(() => {
          usage = watch?.stop() ?? null;
        }, order.seconds * 1_000);
        return;
      }
      clearTimeout(timer);
      const measured = usage ?? watch?.stop();
      if (measured !== undefined) settle({ ...report, ...measured });
    });
    child.once('exit', (code) => {
      if (code !== 0) fail(new Error(`the load ended with ${code}`));
    });
  });
}

function table(rows: readonly Row[], machine: Machine, seconds: number): string {
  const lines = [
    `${machine.cpu}, ${machine.cores} cores shared with everything else, Node ${machine.node}, ${seconds} s each`,
    `Targets for gesso: p50 under ${targets.p50} ms, p99 under ${targets.p99} ms, under ${targets.cpu} % of a core;`,
    `acknowledged (committed) p50 under ${targets.acknowledgementP50} ms, p99 under ${targets.acknowledgementP99} ms.`,
    'gesso commits to Postgres before anybody sees an edit; the other two, as they come, keep it in memory only.',
    '',
    [
      'people',
      'server',
      'edits/s',
      'seen p50',
      'p99 ms',
      'saved p50',
      'p99 ms',
      'frames/s',
      'CPU',
      'memory',
      'arrived',
      'other CPU',
    ]
      .map(pad)
      .join(''),
  ];
  for (const { scenario, server, result } of rows) {
    if ('absent' in result) {
      lines.push(`${pad(scenario, 0)}${pad(server, 1)}not measured: ${result.absent}`);
      continue;
    }
    lines.push(
      [
        scenario,
        server,
        result.editsPerSecond.toFixed(0),
        ms(result.propagation?.p50),
        ms(result.propagation?.p99),
        ms(result.acknowledgement?.p50),
        ms(result.acknowledgement?.p99),
        result.framesPerSecond.toFixed(0),
        percent(result.serverCpu),
        result.peakBytes === null ? '–' : `${(result.peakBytes / 1e6).toFixed(0)} MB`,
        `${(Math.floor(result.delivered * 10_000) / 100).toFixed(2)} %`,
        percent(result.otherCpu),
      ]
        .map(pad)
        .join(''),
    );
  }
  for (const { scenario, server, result } of rows) {
    if ('absent' in result || result.commit === null) continue;
    lines.push(
      `before ${server}, ${scenario}: one row alone took ${ms(result.commit.p50)} ms (p99 ${ms(result.commit.p99)}) to commit here`,
    );
  }
  return `${lines.join('\n')}\n`;
}

function revocationLines(revocation: Revocation | null): string {
  if (revocation === null) return '';
  const part = (name: string, times: Quantiles) => `${name} ${ms(times?.p50)} / ${ms(times?.p99)} ms`;
  return [
    '',
    `From the commit of a change of access to the open socket that felt it, median / longest (at most ${targets.revocation} ms),`,
    `in a room of 50 people at 20 edits/s each: ${part('removed', revocation.removed)}, ${part('made a viewer', revocation.demoted)}, ${part('signed out', revocation.signedOut)}`,
    '',
  ].join('\n');
}

function pad(text: string, column: number): string {
  return text.padEnd(column === 1 ? 20 : 11);
}

function ms(value: number | undefined): string {
  return value === undefined ? '–' : value.toFixed(value < 10 ? 1 : 0);
}

function percent(value: number | null): string {
  return value === null ? '–' : `${value.toFixed(0)} %`;
}

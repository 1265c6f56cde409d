import { readFileSync } from 'node:fs';

/** Clock ticks a second in /proc; 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;

/** CPU seconds that a process has used, or null where there is no /proc. */
export function cpuSecondsOf(pid: number): number | null {
  try {
    // The command in parentheses may hold spaces; the numbers come after it.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
  } catch {
    return null;
  }
}

/** CPU seconds that the whole machine has used. */
export function machineCpuSeconds(): number | null {
  try {
    const line = readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? '';
    const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = line.split(/\s+/).slice(1).map(Number);
    return (user + nice + system + irq + softirq) / ticksPerSecond;
  } catch {
    return null;
  }
}

/** Resident memory in bytes, or null where there is no /proc. */
export function residentBytesOf(pid: number): number | null {
  try {
    const kilobytes = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kilobytes === undefined ? null : Number(kilobytes) * 1024;
  } catch {
    return null;
  }
}

export interface Usage {
  /** Per cent of one core. */
  readonly serverCpu: number | null;
  readonly loadCpu: number | null;
  /** Everything else on the machine. */
  readonly otherCpu: number | null;
  readonly peakBytes: number | null;
}

/** Watches a server and its load from now until `stop`. */
export function watchUsage(serverPid: number, loadPid: number): { stop(): Usage } {
  const before = read(serverPid, loadPid);
  let peakBytes = residentBytesOf(serverPid);
  const timer = setInterval(() => {
    const now = residentBytesOf(serverPid);
    if (now !== null) peakBytes = Math.max(peakBytes ?? 0, now);
  }, 250);
  return {
    stop: () => {
      clearInterval(timer);
      const after = read(serverPid, loadPid);
      const seconds = (after.at - before.at) / 1_000;
      const share = (from: number | null, to: number | null) =>
        from === null || to === null ? null : ((to - from) / seconds) * 100;
      const serverCpu = share(before.server, after.server);
      const loadCpu = share(before.load, after.load);
      const machine = share(before.machine, after.machine);
      const otherCpu = machine === null ? null : Math.max(0, machine - (serverCpu ?? 0) - (loadCpu ?? 0));
      return { serverCpu, loadCpu, otherCpu, peakBytes };
    },
  };
}

function read(serverPid: number, loadPid: number) {
  return {
    at: performance.now(),
    server: cpuSecondsOf(serverPid),
    load: cpuSecondsOf(loadPid),
    machine: machineCpuSeconds(),
  };
}

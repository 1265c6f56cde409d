import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../platform/errors.ts';

export interface HomeLock {
  release(): Promise<void>;
}

/**
 * Claims GESSO_HOME for this process, so that two supervisors never share one database folder. A lock whose process is
 * gone (power cut, kill -9) is taken over.
 */
export async function lockHome(folder: string, address: string): Promise<HomeLock> {
  const file = join(folder, 'supervisor.json');
  const mine = JSON.stringify({ pid: process.pid, address });
  for (let attempt = 0; attempt < 2; attempt += 1) {
    try {
      await writeFile(file, mine, { flag: 'wx' });
      return { release: () => rm(file, { force: true }) };
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
    const holder = await readHolder(file);
    if (holder !== undefined && (await isSupervisor(holder.pid))) {
      throw new AppError(
        'conflict',
        `Gesso already runs from ${folder} at ${holder.address} (process ${holder.pid}).`,
        {
          fix: `Open that address, or stop it first (kill ${holder.pid}), or give this one another GESSO_HOME.`,
        },
      );
    }
    await rm(file, { force: true });
  }
  throw new AppError('conflict', `Another Gesso is starting in ${folder}.`, {
    fix: 'Wait a moment and look again.',
  });
}

async function readHolder(file: string): Promise<{ pid: number; address: string } | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(file, 'utf8'));
    if (typeof value === 'object' && value !== null && 'pid' in value && 'address' in value) {
      return { pid: Number(value.pid), address: String(value.address) };
    }
  } catch {
    // An unreadable lock is one that a crash cut short.
  }
  return undefined;
}

/** Whether `pid` lives and, where the system tells, is a Gesso: process ids are reused after a reboot. */
async function isSupervisor(pid: number): Promise<boolean> {
  if (!Number.isInteger(pid) || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => 'gesso');
  return commandLine.includes('gesso');
}

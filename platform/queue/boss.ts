import { PgBoss } from 'pg-boss';
import { z } from 'zod';
import { bossSchema, poisonQueue } from './names.ts';
import type { SqlExecutor } from './sql.ts';

/** pg-boss, as the rest of the product knows it. */
export type Boss = PgBoss;

/** The claim of one attempt: pg-boss settles a job only for the attempt that fetched it. */
export interface Claim {
  readonly queue: string;
  readonly jobId: string;
  /** 1 for the first attempt. */
  readonly attempt: number;
}

export interface OpenBossOptions {
  readonly url: string;
  /** Whether this process does the housekeeping (expired rows, statistics). Any number may; they take turns. */
  readonly supervise: boolean;
  readonly onError: (error: Error) => void;
}

/** Starts pg-boss on its own schema, made or migrated when needed. The caller stops it. */
export async function openBoss(options: OpenBossOptions): Promise<PgBoss> {
  const boss = new PgBoss({
    connectionString: options.url,
    schema: bossSchema,
    max: 2,
    supervise: options.supervise,
    schedule: false,
    registerInstance: false,
  });
  boss.on('error', options.onError);
  await boss.start();
  return boss;
}

/**
 * Makes a queue unless it exists. Liveness, retries and time limits are ours (SPEC.md), so pg-boss' own are set so far
 * out that they never act: its row is the job's place in line and the fence of its attempts.
 */
export async function ensureQueue(boss: PgBoss, name: string): Promise<void> {
  const tenYears = 10 * 365 * 86_400;
  const settings = { retryLimit: 1_000, retryDelay: 0, retentionSeconds: tenYears, expireInSeconds: 86_399 };
  if ((await boss.getQueue(name)) !== null) return;
  if (name !== poisonQueue) await ensureQueue(boss, poisonQueue);
  await boss.createQueue(name, {
    ...settings,
    deleteAfterSeconds: name === poisonQueue ? tenYears : 86_400,
    ...(name === poisonQueue ? {} : { deadLetter: poisonQueue }),
  });
}

/**
 * SQL of common table expressions for pg-boss' `fetch` of one job of queue `queue`, with the same marks on its row: `taken`
 * then has id, data, priority and retry_count. `isTaken` is an SQL condition on the next job, `next`; where it does not
 * hold, the job stays, and none behind it is taken.
 *
 * pg-boss' own statement joins the taken row back, and while the table's statistics are young (a new installation, a
 * sudden crowd) Postgres does that by reading every job of the queue, ended ones too; here the row is found by its key.
 */
export function fetchJobSql(from: { readonly queue: string; readonly isTaken: string }): string {
  return `
      next as materialized (
        select next.id, next.started_on from ${bossSchema}.job next
         where next.name = ${from.queue} and next.state < 'active' and not next.blocked
           and next.start_after <= ${bossSchema}.job_now()
         order by next.priority desc, next.created_on
         limit 1 for update skip locked
      ),
      taken as (
        update ${bossSchema}.job
           set state = 'active', started_on = ${bossSchema}.job_now(), heartbeat_on = ${bossSchema}.job_now(),
               retry_count = case when started_on is null then retry_count else retry_count + 1 end
         where name = ${from.queue} and id = (select next.id from next where ${from.isTaken})
        returning id, data, priority, retry_count
      )`;
}

const responseSchema = z.object({ affected: z.number().int() });

/** How many jobs a pg-boss command really changed; 0 means that the claim was no longer ours. */
export function affectedBy(response: unknown): number {
  return responseSchema.parse(response).affected;
}

/** The attempt in pg-boss' terms, whose counter starts at 0. */
export function bossAttempt(claim: Claim): { readonly id: string; readonly retryCount: number } {
  return { id: claim.jobId, retryCount: claim.attempt - 1 };
}

/**
 * Holds a job's row until the transaction ends. Every transaction takes the job before the generation, as a claim has to,
 * so that no two wait for each other.
 */
export async function lockJob(sql: SqlExecutor, claim: Claim): Promise<void> {
  await sql.executeSql(
    `select 1 as held from ${bossSchema}.job where name = $1 and id = $2::uuid for update`,
    [claim.queue, claim.jobId],
  );
}

/** Gives waiting jobs other places in line. */
export async function setPriorities(
  sql: SqlExecutor,
  jobs: readonly { readonly queue: string; readonly jobId: string; readonly priority: number }[],
): Promise<void> {
  await sql.executeSql(
    `update ${bossSchema}.job j set priority = c.priority
       from unnest($1::text[], $2::uuid[], $3::int[]) as c(name, id, priority)
      where j.name = c.name and j.id = c.id`,
    [jobs.map((job) => job.queue), jobs.map((job) => job.jobId), jobs.map((job) => job.priority)],
  );
}

/** Takes a running job's remaining retries away, so that its next failure is final and goes to the dead letters. */
export async function exhaustRetries(sql: SqlExecutor, claim: Claim): Promise<void> {
  await sql.executeSql(
    `update ${bossSchema}.job set retry_limit = retry_count where name = $1 and id = $2::uuid and retry_count = $3`,
    [claim.queue, claim.jobId, claim.attempt - 1],
  );
}

import type pg from 'pg';
import { z } from 'zod';
import {
  type CandidatesPayload,
  canvasOutboxChannel,
  generationRequestSchema,
} from '../../shared/contracts/generation.ts';
import { affectedBy, type Boss, bossAttempt, type Claim } from './boss.ts';
import { eventMessage } from './notify.ts';
import { type SqlExecutor, select, type Transaction, transact, utcNow } from './sql.ts';

export interface FinishedOutput {
  readonly id: string;
  readonly index: number;
  readonly seed: number;
  readonly assetHash: string;
  readonly width: number;
  readonly height: number;
  readonly recipe: unknown;
}

/** A file that the job stored before settling. */
export interface StoredAsset {
  readonly hash: string;
  readonly kind: string;
  readonly mediaType: string;
  readonly bytes: number;
  readonly width: number | null;
  readonly height: number | null;
}

export interface Success {
  readonly generationId: string;
  readonly outputs: readonly FinishedOutput[];
  readonly assets: readonly StoredAsset[];
  /** Lineage edges found while the job ran: the composed source and mask. */
  readonly inputs: readonly { readonly role: string; readonly assetHash: string }[];
  readonly durationMs: number;
}

/**
 * settled: everything is committed, by this call or an earlier one whose answer was lost; refused: the attempt was no
 * longer ours (cancelled, lost, or run again), and nothing was written.
 */
export type Settlement = 'settled' | 'refused';

class Refused extends Error {}

const rowSchema = z.object({
  organizationId: z.string(),
  canvasId: z.string().nullable(),
  requestedById: z.string(),
  prompt: z.string(),
  request: z.unknown(),
  atMs: z.coerce.number(),
});
type Row = z.infer<typeof rowSchema>;

/**
 * Ends an attempt with its result, in one transaction fenced by the attempt (Q3): pg-boss' job, the generation row, the
 * outputs, the asset rows, the lineage, the canvas' outbox and the event are all committed together or not at all.
 */
export async function settleSuccess(
  { boss, pool }: { readonly boss: Boss; readonly pool: pg.Pool },
  claim: Claim,
  success: Success,
): Promise<Settlement> {
  try {
    await transact(pool, async (sql) => {
      const [done, row] = await Promise.all([
        boss.complete(claim.queue, bossAttempt(claim), null, { db: sql }),
        finish(sql, claim, success),
      ]);
      if (affectedBy(done) !== 1 || row === undefined) throw new Refused();
      await announce(sql, row, success);
    });
    return 'settled';
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return (await wasSettledByUs(pool, claim, success.generationId)) ? 'settled' : 'refused';
  }
}

/** Ends the row and inserts what was made, in one statement; nothing at all when the attempt is not the current one. */
async function finish(sql: SqlExecutor, claim: Claim, success: Success): Promise<Row | undefined> {
  const { generationId, outputs, assets, inputs } = success;
  const [row] = await select(sql, rowSchema, {
    text: `
      with ended as (
        update generation
           set state = 'succeeded', step = steps, "durationMs" = $4, "finishedAt" = ${utcNow}, error = null
         where id = $1 and "jobId" = $2 and attempt = $3 and state = 'running'
        returning id, "organizationId", "canvasId", "requestedById", prompt, request
      ),
      kept as (
        insert into asset (id, "organizationId", hash, kind, "mediaType", bytes, width, height, "createdById")
        select gen_random_uuid()::text, ended."organizationId", a.hash, a.kind, a."mediaType", a.bytes, a.width,
               a.height, ended."requestedById"
          from ended, jsonb_to_recordset($5::jsonb)
            as a(hash text, kind text, "mediaType" text, bytes int, width int, height int)
         order by a.hash
        on conflict ("organizationId", hash) do nothing
      ),
      made as (
        insert into generation_output (id, "generationId", index, seed, "assetHash", width, height, recipe)
        select o.id, ended.id, o.index, o.seed, o."assetHash", o.width, o.height, o.recipe
          from ended, jsonb_to_recordset($6::jsonb)
            as o(id text, index int, seed bigint, "assetHash" text, width int, height int, recipe jsonb)
      ),
      used as (
        insert into generation_input (id, "generationId", role, "assetHash")
        select gen_random_uuid()::text, ended.id, i.role, i."assetHash"
          from ended, jsonb_to_recordset($7::jsonb) as i(role text, "assetHash" text)
      )
      select "organizationId", "canvasId", "requestedById", prompt, request,
             extract(epoch from clock_timestamp()) * 1000 as "atMs"
        from ended`,
    values: [
      generationId,
      claim.jobId,
      claim.attempt,
      Math.round(success.durationMs),
      JSON.stringify(assets),
      JSON.stringify(outputs),
      JSON.stringify(inputs),
    ],
  });
  return row;
}

async function announce(sql: Transaction, row: Row, success: Success): Promise<void> {
  const { generationId } = success;
  const { organizationId, canvasId } = row;
  const settled = eventMessage({
    kind: 'settled',
    generationId,
    organizationId,
    canvasId,
    state: 'succeeded',
  });
  if (canvasId === null || success.outputs.length === 0) {
    sql.announce([settled]);
    return;
  }
  const payload = candidatesOf(row, success);
  await sql.executeSql(
    `with owed as (
       insert into canvas_outbox ("canvasId", kind, payload) values ($1, 'candidates', $2::jsonb)
     )
     update canvas set "thumbnailHash" = $3 where id = $1`,
    [canvasId, JSON.stringify(payload), success.outputs[0]?.assetHash],
  );
  sql.announce([settled, { channel: canvasOutboxChannel, payload: canvasId }]);
}

function candidatesOf(row: Row, success: Success): unknown {
  const request = generationRequestSchema.parse(row.request);
  const outputs = success.outputs.map((output) => ({
    id: output.id,
    asset: output.assetHash,
    width: output.width,
    height: output.height,
    seed: output.seed,
  }));
  return {
    generationId: success.generationId,
    requestedBy: row.requestedById,
    prompt: row.prompt,
    frame: request.frame,
    placement: request.placement,
    at: Math.round(row.atMs),
    outputs,
  } satisfies Record<keyof CandidatesPayload, unknown>;
}

/** A COMMIT whose answer was lost looks like a lost claim at the second try; the row tells which it was. */
async function wasSettledByUs(pool: pg.Pool, claim: Claim, generationId: string): Promise<boolean> {
  const { rows } = await pool.query(
    `select 1 from generation where id = $1 and "jobId" = $2 and attempt = $3 and state = 'succeeded'`,
    [generationId, claim.jobId, claim.attempt],
  );
  return rows.length > 0;
}

import { randomInt } from 'node:crypto';
import * as Y from 'yjs';
import { AppError } from '../../../platform/errors.ts';
import { cancelJob } from '../../../platform/queue/cancel.ts';
import { enqueueJob } from '../../../platform/queue/enqueue.ts';
import { estimateDuration, listPlaces, type Place } from '../../../platform/queue/line.ts';
import { moveToFront } from '../../../platform/queue/move-to-front.ts';
import { queueNameOf } from '../../../platform/queue/names.ts';
import { pauseJob, resumeJob } from '../../../platform/queue/pause.ts';
import { onPrisma, transactPrisma } from '../../../platform/queue/prisma-sql.ts';
import type { Transaction as QueueTransaction } from '../../../platform/queue/sql.ts';
import { listServedPools } from '../../../platform/queue/workers.ts';
import type { Transaction } from '../../../prisma/client.ts';
import {
  type GenerationRequest,
  generationRequestSchema,
  type Role,
} from '../../../shared/contracts/generation.ts';
import { recipeSchema } from '../../../shared/contracts/recipe.ts';
import { readCanvas } from '../../../shared/document/canvas.ts';
import type { CanvasModel } from '../../../shared/document/schema.ts';
import type { Context } from '../../trpc/init.ts';
import { describeAssets } from '../assets/service.ts';
import { readAbilities } from '../packs/service.ts';
import { readCanvasState } from '../canvas-log/service.ts';
import { costOf, type KnownInput, planRequest, type RequestChoices, workOf } from './plan.ts';
import { mayCancel, type Refusal, refuseFullLine, refuseUnserved } from './policy.ts';
import { queueClientOf } from './queue-client.ts';
import {
  countWaiting,
  findGeneration,
  findNames,
  type GenerationRow,
  type HistoryQuery,
  insertGeneration,
  keepVersion,
  listByIds,
  listGenerations,
  lockFailed,
  setDeleted,
} from './repo.ts';
import { pictureToEnlarge, planUpscale, type UpscaleChoice } from './upscale-plan.ts';
import { type GenerationView, toView } from './view.ts';

/** What the service needs of a procedure's context. */
export type GenerationServices = Pick<Context, 'database' | 'databaseUrl' | 'assetLinks' | 'log'>;

/** The task that makes what a pool offers. */
const taskOfPool = { image: 'generate-image' } as const;

const transactionOptions = { timeout: 20_000, maxWait: 10_000 } as const;

export interface Asker {
  readonly userId: string;
  readonly organizationId: string;
}

/**
 * Queues what a press of Generate on a canvas means: the canvas' committed state becomes a version, the request a row with
 * its known inputs, the row a job, all in one transaction. Returns the new generation.
 *
 * Errors: `unavailable` when no living worker would take it, `too_many` past the limits, `bad_input` when the choices
 * contradict the canvas.
 */
export async function requestGeneration(
  services: GenerationServices,
  asker: Asker & { readonly canvasId: string },
  choices: RequestChoices,
): Promise<GenerationView> {
  const { canvasId, userId } = asker;
  const id = await putInLine(services, asker, async (tx) => {
    const state = await readCanvasState(tx, canvasId);
    const canvas = readState(state);
    const abilities = await readAbilities(choices.settings.pack ?? canvas.settings.pack);
    const grounds = { randomSeed: randomInt(0x1_0000_0000), abilities };
    const { request, inputs } = planRequest(canvas, choices, grounds);
    return {
      request,
      inputs,
      canvasId,
      keepVersion: () => keepVersion(tx, { canvasId, state, userId }),
    };
  });
  return getGeneration(services, id);
}

/**
 * Queues the enlargement of a picture on a canvas, as `requestGeneration` does. Errors: `unavailable` and `too_many` as there,
 * `bad_input` when the picture is gone, or the pack or the size does not allow it.
 */
export async function requestUpscale(
  services: GenerationServices,
  asker: Asker & { readonly canvasId: string },
  choice: UpscaleChoice,
): Promise<GenerationView> {
  const { canvasId, userId, organizationId } = asker;
  const id = await putInLine(services, asker, async (tx) => {
    const state = await readCanvasState(tx, canvasId);
    const canvas = readState(state);
    const { asset } = pictureToEnlarge(canvas, choice.layerId);
    const [stored] = await describeAssets(tx, { organizationId, hashes: [asset] });
    const abilities = await readAbilities(canvas.settings.pack);
    const plan = planUpscale(canvas, choice, { abilities, size: sizeOf(stored) });
    return { ...plan, canvasId, keepVersion: () => keepVersion(tx, { canvasId, state, userId }) };
  });
  return getGeneration(services, id);
}

/** Null for what is not there, or is no picture. */
function sizeOf(asset: { readonly width: number | null; readonly height: number | null } | undefined) {
  if (asset === undefined || asset.width === null || asset.height === null) return null;
  return { width: asset.width, height: asset.height };
}

/**
 * Queues a generation's request again, with its own seed, a new one, or a named one, as a new generation whose parent is
 * `outputId`. It is made from the canvas as it was then, or, when that canvas is gone, from the pictures that were stored.
 */
export async function runAgain(
  services: GenerationServices,
  asker: Asker,
  again: {
    readonly generationId: string;
    readonly outputId: string | null;
    readonly seed: number | 'same' | 'new';
    readonly count: number | null;
  },
): Promise<GenerationView> {
  const id = await putInLine(services, asker, async (tx) => {
    const row = await findGeneration(tx, again.generationId);
    if (row === null) throw notFound();
    const output = row.outputs.find((one) => one.id === again.outputId);
    if (again.outputId !== null && output === undefined) throw notFound();
    const stored = generationRequestSchema.parse(row.request);
    const same = output === undefined ? stored.seed : Number(output.seed);
    const seed = again.seed === 'same' ? same : again.seed === 'new' ? randomInt(0x1_0000_0000) : again.seed;
    const request = generationRequestSchema.parse({
      ...stored,
      seed,
      count: again.count ?? (output === undefined || again.seed === 'new' ? stored.count : 1),
      source: sourceForRerun(row, stored),
      controls: controlsForRerun(row, stored),
      parentOutputId: again.outputId,
    });
    const version = row.canvasVersionId;
    return {
      request,
      inputs: inputsForRerun(row, again.outputId),
      canvasId: row.canvasId,
      keepVersion: () => Promise.resolve(version),
    };
  });
  return getGeneration(services, id);
}

/** Puts a failed, poisoned or cancelled generation in line again, with a clean slate. Errors: `conflict` for any other. */
export async function retryGeneration(
  services: GenerationServices,
  asker: Asker,
  generationId: string,
): Promise<GenerationView> {
  const client = await queueClientOf(services.databaseUrl, services.log);
  const { database } = services;
  const retry = async (tx: Transaction, sql: QueueTransaction): Promise<void> => {
    const row = await lockFailed(tx, generationId);
    if (row === null) {
      throw new AppError('conflict', 'Only what failed or was cancelled can be retried.', {
        fix: 'Use Run again to make another one.',
      });
    }
    const request = generationRequestSchema.parse(row.request);
    await requirePlace(tx, asker, request);
    await client.prepare(queueNameOf(request.pool, request.pack));
    await enqueueJob({ boss: client.boss, sql }, jobOf(row, request));
  };
  await transactPrisma(database, retry, transactionOptions);
  return getGeneration(services, generationId);
}

/** Errors: `not_allowed` unless the caller asked for it or owns the team, `conflict` when it had already ended. */
export async function cancelGeneration(
  services: GenerationServices,
  caller: { readonly userId: string; readonly role: Role },
  generationId: string,
): Promise<void> {
  const row = await findGeneration(services.database, generationId);
  if (row === null) throw notFound();
  if (!mayCancel(caller, row)) {
    throw new AppError(
      'not_allowed',
      'Only the person who asked for it, or an owner of the team, can cancel it.',
      {
        fix: 'Ask one of them.',
      },
    );
  }
  const cost = costOf(generationRequestSchema.parse(row.request));
  const { boss } = await queueClientOf(services.databaseUrl, services.log);
  const isCancelled = await services.database.$transaction(
    (tx) => cancelJob({ boss, sql: onPrisma(tx) }, { generationId, cost }),
    transactionOptions,
  );
  if (!isCancelled) throw new AppError('conflict', 'It had already ended.');
}

/**
 * Holds a waiting generation back, or lets it go on. Errors: `not_allowed` unless the caller asked for it or owns the team,
 * `conflict` when it has begun or ended, or stands so already.
 */
export async function setPaused(
  services: GenerationServices,
  caller: { readonly userId: string; readonly role: Role },
  change: { readonly generationId: string; readonly isPaused: boolean },
): Promise<void> {
  const { generationId, isPaused } = change;
  const row = await findGeneration(services.database, generationId);
  if (row === null) throw notFound();
  if (!mayCancel(caller, row)) {
    throw new AppError(
      'not_allowed',
      'Only the person who asked for it, or an owner of the team, can pause or resume it.',
      { fix: 'Ask one of them.' },
    );
  }
  const { boss } = await queueClientOf(services.databaseUrl, services.log);
  const isDone = await transactPrisma(
    services.database,
    (_, sql) => (isPaused ? pauseJob({ boss, sql }, generationId) : resumeJob({ boss, sql }, generationId)),
    transactionOptions,
  );
  if (isDone) return;
  throw new AppError('conflict', isPaused ? 'It has begun or ended already.' : 'It is not paused.');
}

/** Puts a waiting generation before all others of its team. Errors: `conflict` when it does not wait. */
export async function putFirst(services: GenerationServices, generationId: string): Promise<void> {
  const isDone = await transactPrisma(
    services.database,
    (_, sql) => moveToFront(sql, generationId),
    transactionOptions,
  );
  if (!isDone) {
    throw new AppError('conflict', 'It does not wait in line: it is paused, or has begun or ended.');
  }
}

export async function getGeneration(services: GenerationServices, id: string): Promise<GenerationView> {
  const row = await findGeneration(services.database, id);
  if (row === null) throw notFound();
  const [view] = await toViews(services, [row]);
  if (view === undefined) throw notFound();
  return view;
}

export interface HistoryPage {
  readonly items: readonly GenerationView[];
  /** Pass it as `cursor` for the next page; null on the last. */
  readonly nextCursor: string | null;
}

export async function listHistory(services: GenerationServices, query: HistoryQuery): Promise<HistoryPage> {
  const rows = await listGenerations(services.database, { ...query, limit: query.limit + 1 });
  const page = rows.slice(0, query.limit);
  const nextCursor = rows.length > query.limit ? (page.at(-1)?.id ?? null) : null;
  return { items: await toViews(services, page), nextCursor };
}

export interface QueueItem {
  readonly generation: GenerationView;
  readonly place: Place;
  readonly mayCancel: boolean;
}

/** Everything of a team that has not ended: running first, then in the order in which it should begin. */
export async function listQueue(
  services: GenerationServices,
  caller: { readonly organizationId: string; readonly userId: string; readonly role: Role },
): Promise<readonly QueueItem[]> {
  const places = await listPlaces(onPrisma(services.database), caller.organizationId);
  const rows = await listByIds(
    services.database,
    places.map((place) => place.generationId),
  );
  const views = new Map((await toViews(services, rows)).map((view) => [view.id, view]));
  return places.flatMap((place) => {
    const generation = views.get(place.generationId);
    if (generation === undefined) return [];
    const requestedById = generation.requestedBy.id;
    return [{ generation, place, mayCancel: mayCancel(caller, { requestedById }) }];
  });
}

/** Pools that living workers serve now, with the packs they have. */
export function listPools(services: GenerationServices) {
  return listServedPools(onPrisma(services.database));
}

/** Moves a generation, or one of its pictures, to the trash or back. */
export async function setTrashed(
  services: GenerationServices,
  change: {
    readonly generationId: string;
    readonly outputId: string | null;
    readonly deletedAt: Date | null;
  },
): Promise<void> {
  const { generationId } = change;
  const row = await findGeneration(services.database, generationId);
  if (row === null) throw notFound();
  if (row.state === 'queued' || row.state === 'running') {
    throw new AppError('conflict', 'It has not ended yet.', { fix: 'Cancel it first.' });
  }
  if ((await setDeleted(services.database, change)) === 0) throw notFound();
}

interface Prepared {
  readonly request: GenerationRequest;
  readonly inputs: readonly KnownInput[];
  readonly canvasId: string | null;
  readonly keepVersion: () => Promise<string | null>;
}

async function putInLine(
  services: GenerationServices,
  asker: Asker,
  prepare: (tx: Transaction) => Promise<Prepared>,
): Promise<string> {
  const client = await queueClientOf(services.databaseUrl, services.log);
  const enqueue = async (tx: Transaction, sql: QueueTransaction): Promise<string> => {
    const { request, inputs, canvasId, keepVersion: keep } = await prepare(tx);
    await requirePlace(tx, asker, request);
    await client.prepare(queueNameOf(request.pool, request.pack));
    const row = {
      organizationId: asker.organizationId,
      canvasId,
      canvasVersionId: await keep(),
      requestedById: asker.userId,
      request,
      inputs,
      estimateMs: await estimateDuration(sql, { pack: request.pack, work: workOf(request) }),
    };
    const id = await insertGeneration(tx, row);
    await enqueueJob({ boss: client.boss, sql }, jobOf({ ...row, id }, request));
    return id;
  };
  return transactPrisma(services.database, enqueue, transactionOptions);
}

async function requirePlace(tx: Transaction, asker: Asker, request: GenerationRequest): Promise<void> {
  heed(refuseUnserved(request, await listServedPools(onPrisma(tx))));
  heed(refuseFullLine(await countWaiting(tx, asker)));
}

function heed(refusal: Refusal | null): void {
  if (refusal !== null) throw new AppError(refusal.code, refusal.message, { fix: refusal.fix });
}

function jobOf(
  row: { readonly id: string; readonly organizationId: string; readonly canvasId: string | null },
  request: GenerationRequest,
) {
  const { pool, pack } = request;
  if (pool !== 'image') throw new AppError('unavailable', `Nothing makes ${pool} yet.`);
  return {
    generationId: row.id,
    task: taskOfPool[pool],
    organizationId: row.organizationId,
    canvasId: row.canvasId,
    pool,
    pack,
    cost: costOf(request),
  };
}

function readState(state: Uint8Array): CanvasModel {
  const doc = new Y.Doc();
  try {
    Y.applyUpdate(doc, state);
    return readCanvas(doc);
  } finally {
    doc.destroy();
  }
}

/** The composed source and mask of an earlier run stand in for a canvas version that is gone. */
function sourceForRerun(row: GenerationRow, stored: GenerationRequest): unknown {
  if (stored.source.kind !== 'canvas' || row.canvasVersionId !== null) return stored.source;
  const hashOf = (role: string) => row.inputs.find((input) => input.role === role)?.assetHash ?? null;
  const source = hashOf('source');
  if (source === null) {
    throw new AppError('gone', 'The canvas it was made from is gone, and no picture of it was kept.');
  }
  return { kind: 'assets', source, mask: hashOf('mask') };
}

/** The composed maps of an earlier run stand in for the control layers of a canvas version that is gone. */
function controlsForRerun(row: GenerationRow, stored: GenerationRequest): unknown {
  if (row.canvasVersionId !== null || stored.controls.every(({ source }) => source.kind === 'asset')) {
    return stored.controls;
  }
  const kept = row.outputs
    .map((output) => recipeSchema.safeParse(output.recipe).data?.controls)
    .find((controls) => controls?.length === stored.controls.length);
  if (kept === undefined) {
    throw new AppError('gone', 'The canvas it was made from is gone, and its control maps were not kept.');
  }
  return stored.controls.map((control, i) => ({
    ...control,
    source: { kind: 'asset', asset: kept[i]?.sha256 },
  }));
}

function inputsForRerun(row: GenerationRow, outputId: string | null): readonly KnownInput[] {
  const layers = row.inputs
    .filter((input) => input.role === 'layer' || input.role === 'reference')
    .map(
      ({ role, assetHash, layerId, outputId: from }): KnownInput => ({
        role: role === 'reference' ? 'reference' : 'layer',
        assetHash,
        layerId,
        outputId: from,
      }),
    );
  if (outputId === null) return layers;
  return [...layers, { role: 'parent', assetHash: null, layerId: null, outputId }];
}

async function toViews(
  services: GenerationServices,
  rows: readonly GenerationRow[],
): Promise<readonly GenerationView[]> {
  const names = await findNames(
    services.database,
    rows.map((row) => row.requestedById),
  );
  return rows.map((row) => toView(row, { links: services.assetLinks, names }));
}

function notFound(): AppError {
  return new AppError('not_found', 'There is no such generation, or it is not yours.');
}

import type pg from 'pg';
import * as Y from 'yjs';
import { AppError } from '../../platform/errors.ts';
import type { ClaimedJob } from '../../platform/queue/claim.ts';
import type { AssetStore } from '../../platform/storage/port.ts';
import { type GenerationRequest, generationRequestSchema } from '../../shared/contracts/generation.ts';
import { readCanvas } from '../../shared/document/canvas.ts';
import { contentHashSchema } from '../../shared/document/schema.ts';
import { layersOf, listMapAssets } from '../compose/compose-control.ts';
import { listNeededAssets } from '../compose/compose.ts';
import type { GenerateImageInput } from '../tasks/generate-image.ts';
import { TaskError } from '../tasks/task.ts';

export interface PrepareDependencies {
  readonly pool: pg.Pool;
  readonly storage: AssetStore;
  readonly packFolders: readonly string[];
  readonly workerName: string;
}

/** Gathers what a job's task needs, since its runner reaches neither database nor store. Throws TaskError for what is gone. */
export async function prepareInput(job: ClaimedJob, dependencies: PrepareDependencies): Promise<unknown> {
  switch (job.task) {
    case 'generate-image':
      return prepareImage(job, dependencies);
    default:
      return { ...asObject(job.request), generationId: job.generationId };
  }
}

async function prepareImage(job: ClaimedJob, dependencies: PrepareDependencies): Promise<GenerateImageInput> {
  const request = generationRequestSchema.parse(job.request);
  const version = await readVersion(job, dependencies.pool);
  const assets = new Map<string, Uint8Array>();
  for (const hash of listHashes(request, version?.state ?? null)) {
    // An asset must be one of the team's own: a hash in a document is only a claim.
    const missing = hash === request.reference?.asset ? missingReference : missingPicture;
    assets.set(hash, await readAsset(hash, job, { ...dependencies, missing }));
  }
  return {
    request,
    canvasState: readsCanvas(request) ? (version?.state ?? null) : null,
    assets,
    packFolders: [...dependencies.packFolders],
    canvas: version === null || job.canvasId === null ? null : { id: job.canvasId, version: version.ordinal },
    worker: dependencies.workerName,
  };
}

interface StoredVersion {
  readonly state: Uint8Array;
  /** Place among the stored versions of its canvas, counted from 1. */
  readonly ordinal: number;
}

async function readVersion(job: ClaimedJob, pool: pg.Pool): Promise<StoredVersion | null> {
  if (job.canvasVersionId === null) return null;
  const { rows } = await pool.query<{ state: Buffer; ordinal: number }>(
    `select v.state, (
       select count(*)::int from canvas_version o
        where o."canvasId" = v."canvasId" and (o."createdAt", o.id) <= (v."createdAt", v.id)
     ) as ordinal
       from canvas_version v where v.id = $1`,
    [job.canvasVersionId],
  );
  const row = rows[0];
  return row === undefined ? null : { state: new Uint8Array(row.state), ordinal: row.ordinal };
}

/** Whether the work needs the stored canvas: for its pictures and masks, or for its control layers. */
function readsCanvas(request: GenerationRequest): boolean {
  return (
    request.source.kind === 'canvas' || request.controls.some((control) => control.source.kind === 'layers')
  );
}

function listHashes(request: GenerationRequest, state: Uint8Array | null): readonly string[] {
  const stored = request.controls.flatMap(({ source }) => (source.kind === 'asset' ? [source.asset] : []));
  if (request.source.kind === 'assets') {
    stored.push(request.source.source, ...(request.source.mask === null ? [] : [request.source.mask]));
  }
  if (request.reference !== null) stored.push(request.reference.asset);
  if (!readsCanvas(request)) return stored;
  if (state === null) {
    throw new TaskError(
      'not_found',
      'The canvas it should be made from is gone.',
      'Generate from another canvas.',
    );
  }
  const doc = new Y.Doc();
  Y.applyUpdate(doc, state);
  const canvas = readCanvas(doc);
  doc.destroy();
  const maps = listMapAssets(request.controls.flatMap((control) => layersOf(canvas, control)));
  const seen =
    request.source.kind === 'canvas' ? listNeededAssets(canvas, request) : { pictures: [], tiles: [] };
  return [...new Set([...stored, ...seen.pictures, ...seen.tiles, ...maps.pictures, ...maps.tiles])];
}

const missingPicture = {
  message: 'A picture on the canvas is missing from the store.',
  fix: 'Hide or remove the layer that shows no picture, then try again.',
} as const;
const missingReference = {
  message: 'The reference picture is missing from the store.',
  fix: 'Remove it or choose another, then try again.',
} as const;

async function readAsset(
  hash: string,
  job: ClaimedJob,
  {
    pool,
    storage,
    missing,
  }: PrepareDependencies & { readonly missing: { readonly message: string; readonly fix: string } },
): Promise<Uint8Array> {
  const gone = () => new TaskError('not_found', missing.message, missing.fix);
  const { rows } = await pool.query(`select 1 from asset where "organizationId" = $1 and hash = $2`, [
    job.organizationId,
    hash,
  ]);
  if (rows.length === 0) throw gone();
  try {
    return new Uint8Array(await storage.get(contentHashSchema.parse(hash)));
  } catch (error) {
    if (error instanceof AppError && error.code === 'not_found') throw gone();
    throw error;
  }
}

function asObject(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : {};
}

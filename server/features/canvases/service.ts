import * as Y from 'yjs';
import { AppError } from '../../../platform/errors.ts';
import type { Database, Queryable, Transaction } from '../../../prisma/client.ts';
import { initialiseCanvas } from '../../../shared/document/canvas.ts';
import { announceTeamAccessChange } from '../access/service.ts';
import { type AssetLinks, thumbnailUrl } from '../assets/service.ts';
import { recordAudit } from '../audit/service.ts';
import { readCanvasState, writeFirstState } from '../canvas-log/service.ts';
import { copyName } from '../projects/policy.ts';
import {
  insertCanvas,
  restoreProjectOf,
  selectCanvases,
  selectCanvasForCopy,
  selectCanvasPlace,
  updateCanvasDeletedAt,
  updateCanvasName,
} from './repo.ts';

interface CanvasChange {
  readonly organizationId: string;
  readonly canvasId: string;
  readonly actorId: string;
}

/** Makes a canvas whose document holds the default frame and `prompt`; returns its id. */
export async function createCanvasInside(
  transaction: Transaction,
  canvas: {
    readonly projectId: string;
    readonly name: string;
    readonly userId: string;
    readonly prompt: string;
  },
): Promise<string> {
  const { prompt, ...rest } = canvas;
  const doc = new Y.Doc();
  initialiseCanvas(doc, prompt);
  try {
    return await createCanvasOf(transaction, { ...rest, doc, thumbnailHash: null });
  } finally {
    doc.destroy();
  }
}

/** Makes a canvas whose first state is `doc`, which stays the caller's; returns its id. The team has the thumbnail's picture. */
export async function createCanvasOf(
  transaction: Transaction,
  canvas: {
    readonly projectId: string;
    readonly name: string;
    readonly userId: string;
    readonly doc: Y.Doc;
    readonly thumbnailHash: string | null;
  },
): Promise<string> {
  const { projectId, name, userId, doc, thumbnailHash } = canvas;
  const update = Y.encodeStateAsUpdate(doc);
  const made = await insertCanvas(transaction, { projectId, name, createdById: userId, thumbnailHash });
  await writeFirstState(transaction, { canvasId: made.id, epoch: made.epoch, update, userId });
  return made.id;
}

/** As createCanvasInside, in a transaction of its own. */
export function createCanvas(
  database: Database,
  canvas: {
    readonly projectId: string;
    readonly name: string;
    readonly userId: string;
    readonly prompt: string;
  },
): Promise<string> {
  return database.$transaction((transaction) => createCanvasInside(transaction, canvas));
}

/** The canvases of a project, newest first. */
export async function listCanvases(
  database: Queryable,
  links: AssetLinks,
  where: { readonly organizationId: string; readonly projectId: string },
) {
  const rows = await selectCanvases(database, where.projectId);
  return rows.map(({ thumbnailHash, ...canvas }) => ({
    ...canvas,
    thumbnailUrl: thumbnailUrl(links, { organizationId: where.organizationId, hash: thumbnailHash }),
  }));
}

/** Where a canvas hangs: its own name, its project's and its team's. */
export async function describeCanvas(database: Queryable, canvasId: string) {
  const { name, project } = await selectCanvasPlace(database, canvasId);
  const { organization, ...rest } = project;
  return { name, project: rest, team: organization };
}

export async function renameCanvas(
  database: Queryable,
  change: { readonly canvasId: string; readonly name: string; readonly now: Date },
): Promise<void> {
  await updateCanvasName(database, change);
}

/** Copies what is committed of a canvas into a new one beside it; returns the copy's id. */
export function duplicateCanvas(
  database: Database,
  source: { readonly canvasId: string; readonly projectId: string; readonly userId: string },
): Promise<string> {
  return database.$transaction((transaction) => duplicateCanvasInto(transaction, { ...source, name: null }), {
    timeout: 30_000,
  });
}

/** As duplicateCanvas, into any project of the same team, as part of a transaction. `name` null adds “(copy)”. */
export async function duplicateCanvasInto(
  transaction: Transaction,
  source: {
    readonly canvasId: string;
    readonly projectId: string;
    readonly name: string | null;
    readonly userId: string;
  },
): Promise<string> {
  const { canvasId, projectId, userId } = source;
  const original = await selectCanvasForCopy(transaction, canvasId);
  if (original === null) throw new AppError('not_found', 'There is no such canvas.');
  const update = await readCanvasState(transaction, canvasId);
  const copy = await insertCanvas(transaction, {
    projectId,
    name: source.name ?? copyName(original.name),
    createdById: userId,
    thumbnailHash: original.thumbnailHash,
  });
  await writeFirstState(transaction, { canvasId: copy.id, epoch: copy.epoch, update, userId });
  return copy.id;
}

/** Moves a canvas out of sight; whoever has it open is shown out. */
export async function trashCanvas(
  database: Database,
  change: CanvasChange & { readonly now: Date },
): Promise<void> {
  const { organizationId, canvasId, actorId, now } = change;
  await database.$transaction(async (transaction) => {
    await updateCanvasDeletedAt(transaction, { canvasId, deletedAt: now });
    await recordAudit(transaction, {
      organizationId,
      actorId,
      action: 'canvas.trashed',
      subject: { canvasId },
    });
    await announceTeamAccessChange(transaction, organizationId);
  });
}

/** Brings a canvas back, and the project it is in when that lies in the trash too. */
export async function restoreCanvas(database: Database, change: CanvasChange): Promise<void> {
  const { organizationId, canvasId, actorId } = change;
  await database.$transaction(async (transaction) => {
    await updateCanvasDeletedAt(transaction, { canvasId, deletedAt: null });
    await restoreProjectOf(transaction, canvasId);
    await recordAudit(transaction, {
      organizationId,
      actorId,
      action: 'canvas.restored',
      subject: { canvasId },
    });
  });
}

import type { Queryable } from '../../../prisma/client.ts';

export async function insertCanvas(
  database: Queryable,
  canvas: {
    readonly projectId: string;
    readonly name: string;
    readonly createdById: string;
    readonly thumbnailHash: string | null;
  },
): Promise<{ readonly id: string; readonly epoch: number }> {
  return database.canvas.create({ data: canvas, select: { id: true, epoch: true } });
}

export function selectCanvases(database: Queryable, projectId: string) {
  return database.canvas.findMany({
    where: { projectId, deletedAt: null, project: { deletedAt: null } },
    orderBy: [{ updatedAt: 'desc' }, { id: 'desc' }],
    take: 500,
    select: { id: true, name: true, updatedAt: true, thumbnailHash: true },
  });
}

export function selectCanvasForCopy(database: Queryable, canvasId: string) {
  return database.canvas.findUnique({
    where: { id: canvasId },
    select: { name: true, thumbnailHash: true },
  });
}

export function selectCanvasPlace(database: Queryable, canvasId: string) {
  return database.canvas.findUniqueOrThrow({
    where: { id: canvasId },
    select: {
      name: true,
      project: {
        select: { id: true, name: true, organization: { select: { id: true, name: true } } },
      },
    },
  });
}

export async function updateCanvasName(
  database: Queryable,
  change: { readonly canvasId: string; readonly name: string; readonly now: Date },
): Promise<void> {
  await database.canvas.update({
    where: { id: change.canvasId },
    data: { name: change.name, updatedAt: change.now },
  });
}

export async function updateCanvasDeletedAt(
  database: Queryable,
  change: { readonly canvasId: string; readonly deletedAt: Date | null },
): Promise<void> {
  await database.canvas.update({ where: { id: change.canvasId }, data: { deletedAt: change.deletedAt } });
}

/** A canvas is found again only inside a project that is. */
export async function restoreProjectOf(database: Queryable, canvasId: string): Promise<void> {
  await database.project.updateMany({
    where: { canvases: { some: { id: canvasId } }, deletedAt: { not: null } },
    data: { deletedAt: null },
  });
}

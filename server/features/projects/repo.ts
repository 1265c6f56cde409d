import type { Queryable } from '../../../prisma/client.ts';

/** Most projects and most canvases of a project that one answer lists. */
const listLimit = 500;

export async function insertProject(
  database: Queryable,
  project: { readonly organizationId: string; readonly name: string; readonly createdById: string },
): Promise<string> {
  const { id } = await database.project.create({ data: project, select: { id: true } });
  return id;
}

export function selectProjectsWithCanvases(database: Queryable, organizationId: string) {
  return database.project.findMany({
    where: { organizationId, deletedAt: null },
    orderBy: [{ updatedAt: 'desc' }, { id: 'desc' }],
    take: listLimit,
    select: {
      id: true,
      name: true,
      updatedAt: true,
      canvases: {
        where: { deletedAt: null },
        orderBy: [{ updatedAt: 'desc' }, { id: 'desc' }],
        take: listLimit,
        select: { id: true, name: true, updatedAt: true, thumbnailHash: true },
      },
    },
  });
}

export async function updateProjectName(
  database: Queryable,
  change: { readonly projectId: string; readonly name: string },
): Promise<void> {
  await database.project.update({ where: { id: change.projectId }, data: { name: change.name } });
}

export async function updateProjectDeletedAt(
  database: Queryable,
  change: { readonly projectId: string; readonly deletedAt: Date | null },
): Promise<void> {
  await database.project.update({
    where: { id: change.projectId },
    data: { deletedAt: change.deletedAt },
  });
}

export async function selectCanvasIds(database: Queryable, projectId: string): Promise<readonly string[]> {
  const rows = await database.canvas.findMany({
    where: { projectId, deletedAt: null },
    orderBy: [{ updatedAt: 'asc' }, { id: 'asc' }],
    take: listLimit,
    select: { id: true },
  });
  return rows.map((row) => row.id);
}

export function selectTrashedProjects(database: Queryable, organizationId: string) {
  return database.project.findMany({
    where: { organizationId, deletedAt: { not: null } },
    orderBy: { deletedAt: 'desc' },
    take: listLimit,
    select: { id: true, name: true, deletedAt: true, _count: { select: { canvases: true } } },
  });
}

export function selectTrashedCanvases(database: Queryable, organizationId: string) {
  return database.canvas.findMany({
    where: { deletedAt: { not: null }, project: { organizationId, deletedAt: null } },
    orderBy: { deletedAt: 'desc' },
    take: listLimit,
    select: {
      id: true,
      name: true,
      deletedAt: true,
      thumbnailHash: true,
      project: { select: { id: true, name: true } },
    },
  });
}

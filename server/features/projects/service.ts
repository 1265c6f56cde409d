import type { Database, Queryable } from '../../../prisma/client.ts';
import { announceTeamAccessChange } from '../access/service.ts';
import { type AssetLinks, thumbnailUrl } from '../assets/service.ts';
import { recordAudit } from '../audit/service.ts';
import { duplicateCanvasInto } from '../canvases/service.ts';
import { copyName } from './policy.ts';
import {
  insertProject,
  selectCanvasIds,
  selectProjectsWithCanvases,
  selectTrashedCanvases,
  selectTrashedProjects,
  updateProjectDeletedAt,
  updateProjectName,
} from './repo.ts';

export interface CanvasCard {
  readonly id: string;
  readonly name: string;
  readonly updatedAt: Date;
  /** Signed link to a small picture; null while the canvas has none. */
  readonly thumbnailUrl: string | null;
}

export interface ProjectCard {
  readonly id: string;
  readonly name: string;
  /** The newest change of the project or of a canvas in it. */
  readonly updatedAt: Date;
  readonly canvases: readonly CanvasCard[];
}

export interface Trash {
  readonly projects: readonly {
    readonly id: string;
    readonly name: string;
    readonly deletedAt: Date | null;
    readonly canvasCount: number;
  }[];
  readonly canvases: readonly {
    readonly id: string;
    readonly name: string;
    readonly deletedAt: Date | null;
    readonly thumbnailUrl: string | null;
    readonly project: { readonly id: string; readonly name: string };
  }[];
}

interface ProjectChange {
  readonly organizationId: string;
  readonly projectId: string;
  readonly actorId: string;
}

/** Makes an empty project; returns its id. */
export function createProject(
  database: Queryable,
  project: { readonly organizationId: string; readonly name: string; readonly userId: string },
): Promise<string> {
  const { organizationId, name, userId } = project;
  return insertProject(database, { organizationId, name, createdById: userId });
}

/** Everything the home page shows: the team's projects with their canvases as pictures, newest first. */
export async function listProjects(
  database: Queryable,
  links: AssetLinks,
  organizationId: string,
): Promise<readonly ProjectCard[]> {
  const rows = await selectProjectsWithCanvases(database, organizationId);
  const cards = rows.map((project) => ({
    ...project,
    updatedAt: newest(project.updatedAt, project.canvases[0]?.updatedAt),
    canvases: project.canvases.map(({ thumbnailHash, ...canvas }) => ({
      ...canvas,
      thumbnailUrl: thumbnailUrl(links, { organizationId, hash: thumbnailHash }),
    })),
  }));
  return cards.sort((a, b) => b.updatedAt.getTime() - a.updatedAt.getTime());
}

export async function renameProject(
  database: Queryable,
  change: { readonly projectId: string; readonly name: string },
): Promise<void> {
  await updateProjectName(database, change);
}

/** Copies a project with all its canvases as they are now; returns the copy's id. */
export function duplicateProject(
  database: Database,
  source: ProjectChange & { readonly name: string },
): Promise<string> {
  const { organizationId, projectId, actorId } = source;
  return database.$transaction(
    async (transaction) => {
      const copy = await insertProject(transaction, {
        organizationId,
        name: copyName(source.name),
        createdById: actorId,
      });
      for (const canvasId of await selectCanvasIds(transaction, projectId))
        await duplicateCanvasInto(transaction, { canvasId, projectId: copy, name: null, userId: actorId });
      return copy;
    },
    { timeout: 60_000 },
  );
}

/** Moves a project out of sight, with everything in it; whoever is inside is shown out. */
export async function trashProject(
  database: Database,
  change: ProjectChange & { readonly now: Date },
): Promise<void> {
  await moveProject(database, { ...change, deletedAt: change.now, action: 'project.trashed' });
}

export async function restoreProject(database: Database, change: ProjectChange): Promise<void> {
  await moveProject(database, { ...change, deletedAt: null, action: 'project.restored' });
}

/** What lies in a team's trash, newest first. */
export async function listTrash(
  database: Queryable,
  links: AssetLinks,
  organizationId: string,
): Promise<Trash> {
  const projects = await selectTrashedProjects(database, organizationId);
  const canvases = await selectTrashedCanvases(database, organizationId);
  return {
    projects: projects.map(({ _count, ...project }) => ({ ...project, canvasCount: _count.canvases })),
    canvases: canvases.map(({ thumbnailHash, ...canvas }) => ({
      ...canvas,
      thumbnailUrl: thumbnailUrl(links, { organizationId, hash: thumbnailHash }),
    })),
  };
}

async function moveProject(
  database: Database,
  change: ProjectChange & {
    readonly deletedAt: Date | null;
    readonly action: 'project.trashed' | 'project.restored';
  },
): Promise<void> {
  const { organizationId, projectId, actorId, deletedAt, action } = change;
  await database.$transaction(async (transaction) => {
    await updateProjectDeletedAt(transaction, { projectId, deletedAt });
    await recordAudit(transaction, { organizationId, actorId, action, subject: { projectId } });
    await announceTeamAccessChange(transaction, organizationId);
  });
}

function newest(a: Date, b: Date | undefined): Date {
  return b !== undefined && b > a ? b : a;
}

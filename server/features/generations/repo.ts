import { createHash } from 'node:crypto';
import type { Prisma, Queryable } from '../../../prisma/client.ts';
import type { GenerationRequest } from '../../../shared/contracts/generation.ts';
import type { KnownInput } from './plan.ts';

/** The stored version of a canvas' state, made unless the same state is stored already. */
export async function keepVersion(
  database: Queryable,
  version: { readonly canvasId: string; readonly state: Uint8Array; readonly userId: string },
): Promise<string> {
  const { canvasId } = version;
  const state = Uint8Array.from(version.state);
  const hash = createHash('sha256').update(state).digest('hex');
  const kept = await database.canvasVersion.upsert({
    where: { canvasId_hash: { canvasId, hash } },
    create: { canvasId, hash, state, createdById: version.userId },
    update: {},
    select: { id: true },
  });
  return kept.id;
}

export interface NewGeneration {
  readonly organizationId: string;
  readonly canvasId: string | null;
  readonly canvasVersionId: string | null;
  readonly requestedById: string;
  readonly request: GenerationRequest;
  readonly inputs: readonly KnownInput[];
  readonly estimateMs: number | null;
}

export async function insertGeneration(database: Queryable, row: NewGeneration): Promise<string> {
  const { request, inputs, ...rest } = row;
  const created = await database.generation.create({
    data: {
      ...rest,
      pool: request.pool,
      pack: request.pack,
      request,
      prompt: request.prompt,
      steps: request.steps * request.count,
      inputs: { create: inputs.map((input) => ({ ...input })) },
    },
    select: { id: true },
  });
  return created.id;
}

/** How many requests wait, of a team and of one person in it. */
export async function countWaiting(
  database: Queryable,
  who: { readonly organizationId: string; readonly userId: string },
): Promise<{ readonly team: number; readonly person: number }> {
  const { organizationId, userId } = who;
  const groups = await database.generation.groupBy({
    by: ['requestedById'],
    where: { organizationId, state: 'queued' },
    _count: { _all: true },
  });
  const team = groups.reduce((sum, group) => sum + group._count._all, 0);
  const person = groups.find((group) => group.requestedById === userId)?._count._all ?? 0;
  return { team, person };
}

const details = {
  outputs: { orderBy: { index: 'asc' } },
  inputs: true,
  canvas: { select: { name: true, deletedAt: true } },
} as const satisfies Prisma.GenerationInclude;

export type GenerationRow = Prisma.GenerationGetPayload<{ include: typeof details }>;

export function findGeneration(database: Queryable, id: string): Promise<GenerationRow | null> {
  return database.generation.findUnique({ where: { id }, include: details });
}

export interface HistoryQuery {
  readonly organizationId: string;
  readonly canvasId: string | null;
  readonly requestedById: string | null;
  /** Words that the prompt must contain, in any case. */
  readonly text: string | null;
  readonly state: GenerationRow['state'] | null;
  readonly trashed: boolean;
  /** Id of the last row of the page before. */
  readonly after: string | null;
  readonly limit: number;
}

/** One page, newest first. */
export function listGenerations(database: Queryable, query: HistoryQuery): Promise<GenerationRow[]> {
  const { organizationId, canvasId, requestedById, text, state, after } = query;
  return database.generation.findMany({
    where: {
      organizationId,
      ...(canvasId === null ? {} : { canvasId }),
      ...(requestedById === null ? {} : { requestedById }),
      ...(text === null ? {} : { prompt: { contains: text, mode: 'insensitive' } }),
      ...(state === null ? {} : { state }),
      deletedAt: query.trashed ? { not: null } : null,
    },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
    ...(after === null ? {} : { cursor: { id: after }, skip: 1 }),
    take: query.limit,
    include: details,
  });
}

export function listByIds(database: Queryable, ids: readonly string[]): Promise<GenerationRow[]> {
  return database.generation.findMany({ where: { id: { in: [...ids] } }, include: details });
}

/** Names of people by id. Who left the team keeps the name on their work. */
export async function findNames(
  database: Queryable,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const users = await database.user.findMany({
    where: { id: { in: [...new Set(ids)] } },
    select: { id: true, name: true },
  });
  return new Map(users.map((user) => [user.id, user.name]));
}

/** Locks a generation that has ended without a result; null when it has not, or does not exist. */
export async function lockFailed(database: Queryable, id: string): Promise<GenerationRow | null> {
  const locked = await database.$queryRaw<unknown[]>`
    select 1 as found from generation where id = ${id} and state in ('failed', 'cancelled') for update`;
  return locked.length === 0 ? null : findGeneration(database, id);
}

export async function setDeleted(
  database: Queryable,
  change: {
    readonly generationId: string;
    readonly outputId: string | null;
    readonly deletedAt: Date | null;
  },
): Promise<number> {
  const { generationId, outputId, deletedAt } = change;
  if (outputId === null) {
    const { count } = await database.generation.updateMany({
      where: { id: generationId },
      data: { deletedAt },
    });
    return count;
  }
  const { count } = await database.generationOutput.updateMany({
    where: { id: outputId, generationId },
    data: { deletedAt },
  });
  return count;
}

import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { GenerationRequest } from '../../shared/contracts/generation.ts';

/** A team with one owner, one project and one canvas: rows that a queue test hangs its generations on. */
export interface TestStudio {
  readonly organizationId: string;
  readonly userId: string;
  readonly canvasId: string;
}

export async function createStudio(pool: pg.Pool, name = 'studio'): Promise<TestStudio> {
  const [userId, organizationId, projectId, canvasId] = [
    randomUUID(),
    randomUUID(),
    randomUUID(),
    randomUUID(),
  ];
  await pool.query(
    `insert into "user" (id, name, email, "emailVerified", "updatedAt") values ($1, $2, $3, true, now())`,
    [userId, name, `${userId}@example.org`],
  );
  await pool.query(`insert into organization (id, name, slug) values ($1, $2, $3)`, [
    organizationId,
    name,
    organizationId,
  ]);
  await pool.query(`insert into member (id, "organizationId", "userId", role) values ($1, $2, $3, 'owner')`, [
    randomUUID(),
    organizationId,
    userId,
  ]);
  await pool.query(
    `insert into project (id, "organizationId", name, "createdById", "updatedAt") values ($1, $2, 'project', $3, now())`,
    [projectId, organizationId, userId],
  );
  await pool.query(
    `insert into canvas (id, "projectId", name, "createdById") values ($1, $2, 'canvas', $3)`,
    [canvasId, projectId, userId],
  );
  return { organizationId, userId, canvasId };
}

export const plainRequest: GenerationRequest = {
  pool: 'image',
  pack: 'house-image',
  mode: 'text-to-image',
  prompt: 'a red fox in the snow',
  negativePrompt: '',
  seed: 7,
  count: 1,
  width: 256,
  height: 256,
  steps: 8,
  guidanceScale: 3,
  solver: 'flow-euler',
  strength: 0.6,
  imageGuidanceScale: 1.5,
  arithmetic: 'exact',
  frame: [0, 0, 256, 256],
  maskLayerIds: [],
  source: { kind: 'none' },
  controls: [],
  reference: null,
  parentOutputId: null,
};

/** Writes a queued generation row and returns its id; its job is the caller's to enqueue. */
export async function insertGeneration(
  sql: { executeSql(text: string, values?: unknown[]): Promise<unknown> },
  row: {
    readonly studio: TestStudio;
    readonly pack: string;
    readonly request: unknown;
    readonly steps?: number;
    /** False for a generation that belongs to no canvas. */
    readonly onCanvas?: boolean;
  },
): Promise<string> {
  const id = randomUUID();
  await sql.executeSql(
    `insert into generation (id, "organizationId", "canvasId", "requestedById", pool, pack, request, prompt, steps)
     values ($1, $2, $3, $4, 'image', $5, $6::jsonb, 'a test', $7)`,
    [
      id,
      row.studio.organizationId,
      row.onCanvas === false ? null : row.studio.canvasId,
      row.studio.userId,
      row.pack,
      JSON.stringify(row.request),
      row.steps ?? 8,
    ],
  );
  return id;
}

import { z } from 'zod';
import type { AccessPolicy } from '../features/access/policy.ts';
import { appRouter } from '../trpc/root.ts';
import type { World } from './world.ts';

export interface ListedProcedure {
  readonly path: string;
  readonly type: 'query' | 'mutation' | 'subscription';
  /** Null for one that declares none: the authorization test fails for it. */
  readonly policy: AccessPolicy | null;
}

const procedureSchema = z
  .custom<object>()
  .transform((procedure) =>
    z
      .object({ _def: z.object({ type: z.enum(['query', 'mutation', 'subscription']), meta: z.unknown() }) })
      .parse({ ...procedure }),
  );
const routerSchema = z.object({ procedures: z.record(z.string(), procedureSchema) });

/** Every procedure of the router, as the router itself lists them. */
export function listProcedures(): readonly ListedProcedure[] {
  const { procedures } = routerSchema.parse(appRouter._def);
  return Object.entries(procedures)
    .map(([path, { _def }]) => ({ path, type: _def.type, policy: policyOf(_def.meta) }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

const roleSchema = z.enum(['viewer', 'editor', 'owner']);
const policySchema: z.ZodType<AccessPolicy> = z.union([
  z.object({ kind: z.enum(['public', 'signed-in']) }),
  z.object({ kind: z.enum(['team', 'project', 'canvas', 'generation']), role: roleSchema }),
]);

function policyOf(meta: unknown): AccessPolicy | null {
  const parsed = z.object({ policy: policySchema }).safeParse(meta);
  return parsed.success ? parsed.data.policy : null;
}

/** For every procedure an input that is right and means something in `world`. One without an entry fails the tests. */
export const exampleInputs: Readonly<Record<string, (world: World) => unknown>> = {
  'accounts.me': () => undefined,
  'accounts.updateName': () => ({ name: 'Ada' }),
  'assets.describe': ({ canvasId, assetHash }) => ({ canvasId, hashes: [assetHash] }),
  'assets.sign': ({ canvasId, assetHash }) => ({ canvasId, hashes: [assetHash], variant: 'thumbnail' }),
  'canvases.create': ({ projectId }) => ({ projectId, name: 'New', prompt: 'a boat' }),
  'canvases.duplicate': ({ canvasId }) => ({ canvasId }),
  'canvases.get': ({ canvasId }) => ({ canvasId }),
  'canvases.list': ({ projectId }) => ({ projectId }),
  'canvases.moveToTrash': ({ canvasId }) => ({ canvasId }),
  'canvases.openTicket': ({ canvasId }) => ({ canvasId }),
  'canvases.rename': ({ canvasId }) => ({ canvasId, name: 'Renamed' }),
  'canvases.restore': ({ canvasId }) => ({ canvasId }),
  'examples.list': () => undefined,
  'examples.open': ({ projectId }) => ({ projectId, exampleId: 'follow-a-sketch' }),
  'generations.cancel': ({ generationId }) => ({ generationId }),
  'generations.enlarge': ({ canvasId }) => ({ canvasId, layerId: 'nothing-like-it', scale: 2 }),
  'generations.events': ({ organizationId, canvasId }) => ({ organizationId, canvasId }),
  'generations.get': ({ generationId }) => ({ generationId }),
  'generations.history': ({ organizationId, canvasId }) => ({ organizationId, canvasId, text: 'fox' }),
  'generations.moveToFront': ({ generationId }) => ({ generationId }),
  'generations.pause': ({ generationId }) => ({ generationId }),
  'generations.pools': ({ organizationId }) => ({ organizationId }),
  'generations.queue': ({ organizationId }) => ({ organizationId }),
  'generations.remove': ({ generationId, outputId }) => ({ generationId, outputId }),
  'generations.request': ({ canvasId }) => ({ canvasId, settings: { count: 1 }, prompt: 'a fox' }),
  'generations.restore': ({ generationId, outputId }) => ({ generationId, outputId }),
  'generations.resume': ({ generationId }) => ({ generationId }),
  'generations.retry': ({ generationId }) => ({ generationId }),
  'generations.runAgain': ({ generationId }) => ({ generationId, seed: 7 }),
  'invitations.accept': ({ invitationToken }) => ({ token: invitationToken }),
  'invitations.create': ({ organizationId }) => ({ organizationId, role: 'editor' }),
  'invitations.describe': ({ invitationToken }) => ({ token: invitationToken }),
  'invitations.list': ({ organizationId }) => ({ organizationId }),
  'invitations.revoke': ({ organizationId, invitationId }) => ({ organizationId, invitationId }),
  'projects.create': ({ organizationId }) => ({ organizationId, name: 'New' }),
  'projects.duplicate': ({ projectId }) => ({ projectId }),
  'projects.get': ({ projectId }) => ({ projectId }),
  'projects.list': ({ organizationId }) => ({ organizationId }),
  'projects.moveToTrash': ({ projectId }) => ({ projectId }),
  'projects.rename': ({ projectId }) => ({ projectId, name: 'Renamed' }),
  'projects.restore': ({ projectId }) => ({ projectId }),
  'projects.trash': ({ organizationId }) => ({ organizationId }),
  'teams.choose': ({ organizationId }) => ({ organizationId }),
  'teams.create': () => ({ name: 'Another team' }),
  'teams.current': () => undefined,
  'teams.leave': ({ organizationId }) => ({ organizationId }),
  'teams.list': () => undefined,
  'teams.members': ({ organizationId }) => ({ organizationId }),
  'teams.removeMember': ({ organizationId, extraMemberId }) => ({ organizationId, userId: extraMemberId }),
  'teams.rename': ({ organizationId }) => ({ organizationId, name: 'Renamed' }),
  'teams.setRole': ({ organizationId, extraMemberId }) => ({
    organizationId,
    userId: extraMemberId,
    role: 'editor',
  }),
};

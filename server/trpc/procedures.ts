import { z } from 'zod';
import { AppError } from '../../platform/errors.ts';
import type { Role } from '../../shared/contracts/generation.ts';
import { holdsRole } from '../features/access/policy.ts';
import {
  findCanvasAccessInTrash,
  findGenerationAccess,
  findProjectAccess,
  findTeamRole,
} from '../features/access/service.ts';
import { procedureRoot, type RequestSession } from './init.ts';

/** An id as a request may name it. Narrow, so that nothing odd reaches the database. */
export const idSchema = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'is not an id');

/** For everybody, signed in or not. */
export const publicProcedure = procedureRoot.meta({ policy: { kind: 'public' } });

/** For everybody with a live session. Adds `session`. */
export const signedIn = procedureRoot
  .meta({ policy: { kind: 'signed-in' } })
  .use(({ ctx, next }) => next({ ctx: { session: requireSession(ctx.session) } }));

/** For members with at least `role` in the team `organizationId`. Adds `session` and `role`. */
export function teamMember(role: Role) {
  return procedureRoot
    .meta({ policy: { kind: 'team', role } })
    .input(z.object({ organizationId: idSchema }))
    .use(async ({ ctx, input, next }) => {
      const session = requireSession(ctx.session);
      const { organizationId } = input;
      const held = await findTeamRole(ctx.database, { userId: session.user.id, organizationId });
      return next({ ctx: { session, role: requireRole(held, role, 'team') } });
    });
}

/** For members with at least `role` in the team of the project `projectId`; what lies in the trash is not found. */
export function projectMember(role: Role) {
  return anyProjectMember(role).use(({ ctx, next }) => {
    if (ctx.access.trashed) throw notFound('project');
    return next();
  });
}

/** As projectMember, and reaches into the trash: for restoring. */
export function anyProjectMember(role: Role) {
  return procedureRoot
    .meta({ policy: { kind: 'project', role } })
    .input(z.object({ projectId: idSchema }))
    .use(async ({ ctx, input, next }) => {
      const session = requireSession(ctx.session);
      const access = await findProjectAccess(ctx.database, {
        userId: session.user.id,
        projectId: input.projectId,
      });
      if (access === null) throw notFound('project');
      requireRole(access.role, role, 'project');
      return next({ ctx: { session, access } });
    });
}

/** For members with at least `role` in the team of the canvas `canvasId`; what lies in the trash is not found. */
export function canvasMember(role: Role) {
  return anyCanvasMember(role).use(({ ctx, next }) => {
    if (ctx.access.trashed) throw notFound('canvas');
    return next();
  });
}

/** As canvasMember, and reaches into the trash: for restoring. */
export function anyCanvasMember(role: Role) {
  return procedureRoot
    .meta({ policy: { kind: 'canvas', role } })
    .input(z.object({ canvasId: idSchema }))
    .use(async ({ ctx, input, next }) => {
      const session = requireSession(ctx.session);
      const access = await findCanvasAccessInTrash(ctx.database, {
        userId: session.user.id,
        canvasId: input.canvasId,
      });
      if (access === null) throw notFound('canvas');
      requireRole(access.role, role, 'canvas');
      return next({ ctx: { session, access } });
    });
}

/** For members with at least `role` in the team of the generation `generationId`. Adds `access`. */
export function generationMember(role: Role) {
  return procedureRoot
    .meta({ policy: { kind: 'generation', role } })
    .input(z.object({ generationId: idSchema }))
    .use(async ({ ctx, input, next }) => {
      const session = requireSession(ctx.session);
      const access = await findGenerationAccess(ctx.database, {
        userId: session.user.id,
        generationId: input.generationId,
      });
      if (access === null) throw notFound('generation');
      requireRole(access.role, role, 'generation');
      return next({ ctx: { session, access } });
    });
}

type Subject = 'team' | 'project' | 'canvas' | 'generation';

function requireSession(session: RequestSession | null): RequestSession {
  if (session !== null) return session;
  throw new AppError('not_signed_in', 'You are not signed in.', { fix: 'Sign in and try again.' });
}

function requireRole(held: Role | null, needed: Role, subject: Subject): Role {
  if (held === null) throw notFound(subject);
  if (holdsRole(held, needed)) return held;
  throw new AppError('not_allowed', `This needs the role ${needed}; yours is ${held}.`, {
    fix: 'Ask an owner of the team to change your role.',
  });
}

function notFound(subject: Subject): AppError {
  return new AppError('not_found', `There is no such ${subject}, or it is not yours.`);
}

import { z } from 'zod';
import { nameSchema } from '../../names.ts';
import { router } from '../../trpc/init.ts';
import { anyProjectMember, projectMember, teamMember } from '../../trpc/procedures.ts';
import {
  createProject,
  duplicateProject,
  listProjects,
  listTrash,
  renameProject,
  restoreProject,
  trashProject,
} from './service.ts';

export const projectsRouter = router({
  /** The home page in one answer: projects with their canvases and pictures, newest first. */
  list: teamMember('viewer').query(({ ctx, input }) =>
    listProjects(ctx.database, ctx.assetLinks, input.organizationId),
  ),

  create: teamMember('editor')
    .input(z.object({ name: nameSchema }))
    .mutation(async ({ ctx, input }) => {
      const projectId = await createProject(ctx.database, { ...input, userId: ctx.session.user.id });
      return { projectId };
    }),

  get: projectMember('viewer').query(({ ctx }) => {
    const { project, organizationId, role } = ctx.access;
    return { ...project, organizationId, role };
  }),

  rename: projectMember('editor')
    .input(z.object({ name: nameSchema }))
    .mutation(async ({ ctx, input }) => {
      await renameProject(ctx.database, input);
    }),

  duplicate: projectMember('editor').mutation(async ({ ctx, input }) => {
    const { organizationId, project } = ctx.access;
    const projectId = await duplicateProject(ctx.database, {
      organizationId,
      projectId: input.projectId,
      name: project.name,
      actorId: ctx.session.user.id,
    });
    return { projectId };
  }),

  moveToTrash: projectMember('editor').mutation(async ({ ctx, input }) => {
    const { organizationId } = ctx.access;
    const actorId = ctx.session.user.id;
    await trashProject(ctx.database, { ...input, organizationId, actorId, now: ctx.clock.now() });
  }),

  restore: anyProjectMember('editor').mutation(async ({ ctx, input }) => {
    const { organizationId } = ctx.access;
    await restoreProject(ctx.database, { ...input, organizationId, actorId: ctx.session.user.id });
  }),

  /** What lies in the team's trash: projects, and canvases of projects that do not. */
  trash: teamMember('viewer').query(({ ctx, input }) =>
    listTrash(ctx.database, ctx.assetLinks, input.organizationId),
  ),
});

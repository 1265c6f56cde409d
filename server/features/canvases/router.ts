import { z } from 'zod';
import { longestPrompt } from '../../../shared/document/schema.ts';
import { nameSchema } from '../../names.ts';
import { router } from '../../trpc/init.ts';
import { canvasMember, projectMember, anyCanvasMember } from '../../trpc/procedures.ts';
import { issueTicket } from '../tickets/service.ts';
import {
  createCanvas,
  describeCanvas,
  duplicateCanvas,
  listCanvases,
  renameCanvas,
  restoreCanvas,
  trashCanvas,
} from './service.ts';

export const canvasesRouter = router({
  list: projectMember('viewer').query(({ ctx, input }) =>
    listCanvases(ctx.database, ctx.assetLinks, {
      organizationId: ctx.access.organizationId,
      projectId: input.projectId,
    }),
  ),

  create: projectMember('editor')
    .input(
      z.object({
        name: nameSchema.default('Untitled canvas'),
        /** Typed into the prompt already. */
        prompt: z.string().max(longestPrompt).default(''),
      }),
    )
    .mutation(async ({ ctx, input }) => {
      const userId = ctx.session.user.id;
      const canvasId = await createCanvas(ctx.database, { ...input, userId });
      return { canvasId };
    }),

  /** The canvas, where it hangs, and the role of who asks. */
  get: canvasMember('viewer').query(async ({ ctx }) => {
    const { canvas, role } = ctx.access;
    const place = await describeCanvas(ctx.database, canvas.id);
    return { id: canvas.id, role, ...place };
  }),

  rename: canvasMember('editor')
    .input(z.object({ name: nameSchema }))
    .mutation(async ({ ctx, input }) => {
      await renameCanvas(ctx.database, { ...input, now: ctx.clock.now() });
    }),

  duplicate: canvasMember('editor').mutation(async ({ ctx, input }) => {
    const { projectId } = ctx.access;
    const userId = ctx.session.user.id;
    return { canvasId: await duplicateCanvas(ctx.database, { ...input, projectId, userId }) };
  }),

  moveToTrash: canvasMember('editor').mutation(async ({ ctx, input }) => {
    const { organizationId } = ctx.access;
    const actorId = ctx.session.user.id;
    await trashCanvas(ctx.database, { ...input, organizationId, actorId, now: ctx.clock.now() });
  }),

  restore: anyCanvasMember('editor').mutation(async ({ ctx, input }) => {
    const { organizationId } = ctx.access;
    await restoreCanvas(ctx.database, { ...input, organizationId, actorId: ctx.session.user.id });
  }),

  /** A ticket for one socket, good for a minute, and where to use it. */
  openTicket: canvasMember('viewer').mutation(async ({ ctx, input }) => {
    const { canvas } = ctx.access;
    const { ticket, expiresAt } = await issueTicket(ctx.database, {
      canvasId: input.canvasId,
      userId: ctx.session.user.id,
      sessionId: ctx.session.sessionId,
    });
    return { url: ctx.collabUrl, ticket, expiresAt, canvasId: canvas.id, epoch: canvas.epoch };
  }),
});

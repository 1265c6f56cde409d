import { z } from 'zod';
import { router } from '../../trpc/init.ts';
import { idSchema, projectMember, signedIn } from '../../trpc/procedures.ts';
import { listExamples, openExample } from './service.ts';

export const examplesRouter = router({
  /** What a canvas can start from. */
  list: signedIn.query(() => listExamples()),

  /** A new canvas that is one of them. */
  open: projectMember('editor')
    .input(z.object({ exampleId: idSchema }))
    .mutation(async ({ ctx, input }) => {
      const { organizationId } = ctx.access;
      const userId = ctx.session.user.id;
      return { canvasId: await openExample(ctx, { ...input, organizationId, userId }) };
    }),
});

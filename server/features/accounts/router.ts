import { z } from 'zod';
import { nameSchema } from '../../names.ts';
import { router } from '../../trpc/init.ts';
import { signedIn } from '../../trpc/procedures.ts';
import { renameAccount } from './service.ts';

export const accountsRouter = router({
  /** Who is signed in. */
  me: signedIn.query(({ ctx }) => ctx.session.user),

  updateName: signedIn.input(z.object({ name: nameSchema })).mutation(async ({ ctx, input }) => {
    await renameAccount(ctx.database, { userId: ctx.session.user.id, name: input.name });
    return { name: input.name };
  }),
});

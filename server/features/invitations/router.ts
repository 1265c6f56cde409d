import { z } from 'zod';
import { roleSchema } from '../../../shared/contracts/generation.ts';
import { router } from '../../trpc/init.ts';
import { idSchema, publicProcedure, signedIn, teamMember } from '../../trpc/procedures.ts';
import { chooseTeam } from '../teams/service.ts';
import {
  acceptInvitation,
  createInvitation,
  describeInvitation,
  listInvitations,
  revokeInvitation,
} from './service.ts';

const tokenSchema = z.object({ token: z.string().regex(/^[A-Za-z0-9_-]{32}$/, 'is not an invitation') });

export const invitationsRouter = router({
  /** Answers the link, once: nobody can read it again later. */
  create: teamMember('owner')
    .input(z.object({ role: roleSchema }))
    .mutation(async ({ ctx, input }) => {
      const { id, token, expiresAt } = await createInvitation(ctx.database, {
        organizationId: input.organizationId,
        inviterId: ctx.session.user.id,
        role: input.role,
        now: ctx.clock.now(),
      });
      return { id, expiresAt, url: `${ctx.webUrl}/invite/${token}` };
    }),

  list: teamMember('owner').query(({ ctx, input }) =>
    listInvitations(ctx.database, { organizationId: input.organizationId, now: ctx.clock.now() }),
  ),

  revoke: teamMember('owner')
    .input(z.object({ invitationId: idSchema }))
    .mutation(async ({ ctx, input }) => {
      await revokeInvitation(ctx.database, { ...input, actorId: ctx.session.user.id });
    }),

  /** What a link invites to, for whoever holds it. */
  describe: publicProcedure
    .input(tokenSchema)
    .query(({ ctx, input }) =>
      describeInvitation(ctx.database, { token: input.token, now: ctx.clock.now() }),
    ),

  /** Joins the team and makes it the session's current one. */
  accept: signedIn.input(tokenSchema).mutation(async ({ ctx, input }) => {
    const { sessionId, user } = ctx.session;
    const joined = await acceptInvitation(ctx.database, {
      token: input.token,
      userId: user.id,
      now: ctx.clock.now(),
    });
    await chooseTeam(ctx.database, { sessionId, organizationId: joined.organizationId });
    return joined;
  }),
});

import { z } from 'zod';
import { roleSchema } from '../../../shared/contracts/generation.ts';
import { nameSchema } from '../../names.ts';
import { router } from '../../trpc/init.ts';
import { idSchema, signedIn, teamMember } from '../../trpc/procedures.ts';
import { openTeam } from '../onboarding/service.ts';
import {
  chooseTeam,
  currentTeam,
  listMembers,
  listTeams,
  removeMember,
  renameTeam,
  setRole,
} from './service.ts';

export const teamsRouter = router({
  /** The team this session works in; null before the first one exists. */
  current: signedIn.query(({ ctx }) =>
    currentTeam(ctx.database, { userId: ctx.session.user.id, sessionId: ctx.session.sessionId }),
  ),

  list: signedIn.query(({ ctx }) => listTeams(ctx.database, ctx.session.user.id)),

  /** Makes a team with a first project and a first canvas that has a prompt typed already, and chooses it. */
  create: signedIn.input(z.object({ name: nameSchema })).mutation(({ ctx, input }) =>
    openTeam(ctx.database, {
      name: input.name,
      userId: ctx.session.user.id,
      sessionId: ctx.session.sessionId,
    }),
  ),

  /** Makes this the session's current team. */
  choose: teamMember('viewer').mutation(async ({ ctx, input }) => {
    const { organizationId } = input;
    await chooseTeam(ctx.database, { sessionId: ctx.session.sessionId, organizationId });
  }),

  rename: teamMember('owner')
    .input(z.object({ name: nameSchema }))
    .mutation(async ({ ctx, input }) => {
      const { organizationId, name } = input;
      await renameTeam(ctx.database, { organizationId, name, actorId: ctx.session.user.id });
    }),

  members: teamMember('viewer').query(({ ctx, input }) => listMembers(ctx.database, input.organizationId)),

  setRole: teamMember('owner')
    .input(z.object({ userId: idSchema, role: roleSchema }))
    .mutation(async ({ ctx, input }) => {
      await setRole(ctx.database, { ...input, actorId: ctx.session.user.id });
    }),

  removeMember: teamMember('owner')
    .input(z.object({ userId: idSchema }))
    .mutation(async ({ ctx, input }) => {
      await removeMember(ctx.database, { ...input, actorId: ctx.session.user.id });
    }),

  leave: teamMember('viewer').mutation(async ({ ctx, input }) => {
    const userId = ctx.session.user.id;
    await removeMember(ctx.database, { organizationId: input.organizationId, userId, actorId: userId });
  }),
});

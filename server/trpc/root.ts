import { accountsRouter } from '../features/accounts/router.ts';
import { assetsRouter } from '../features/assets/router.ts';
import { canvasesRouter } from '../features/canvases/router.ts';
import { examplesRouter } from '../features/examples/router.ts';
import { generationsRouter } from '../features/generations/router.ts';
import { invitationsRouter } from '../features/invitations/router.ts';
import { projectsRouter } from '../features/projects/router.ts';
import { teamsRouter } from '../features/teams/router.ts';
import { router } from './init.ts';

/** Every procedure that a browser can call. */
export const appRouter = router({
  accounts: accountsRouter,
  assets: assetsRouter,
  canvases: canvasesRouter,
  examples: examplesRouter,
  generations: generationsRouter,
  invitations: invitationsRouter,
  projects: projectsRouter,
  teams: teamsRouter,
});

export type AppRouter = typeof appRouter;

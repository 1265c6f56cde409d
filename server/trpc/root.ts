import { generationsRouter } from '../features/generations/router.ts';
import { router } from './init.ts';

/** Every procedure that a browser can call. */
export const appRouter = router({
  generations: generationsRouter,
});

export type AppRouter = typeof appRouter;

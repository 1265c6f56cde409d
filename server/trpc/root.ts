import { router } from './init.ts';

/** Every procedure that a browser can call. */
export const appRouter = router({});

export type AppRouter = typeof appRouter;

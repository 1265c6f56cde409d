import type { Instrumentation } from 'next';

/** Errors that reach Next go to the same log as all others. */
export const onRequestError: Instrumentation.onRequestError = async (error, request, context) => {
  const { createLog } = await import('./platform/log.ts');
  createLog('web').error({ err: error, method: request.method, route: context.routePath }, 'a page failed');
};

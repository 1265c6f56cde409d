import {
  createTRPCClient,
  httpBatchLink,
  httpSubscriptionLink,
  retryLink,
  splitLink,
  type TRPCClient,
} from '@trpc/client';
import type { inferRouterOutputs } from '@trpc/server';
import { createTRPCContext } from '@trpc/tanstack-react-query';
import superjson from 'superjson';
import type { AppRouter } from '../../server/trpc/root.ts';

export type RouterOutputs = inferRouterOutputs<AppRouter>;

/**
 * `useTRPC()` gives typed query and mutation options for react-query: `useQuery(useTRPC().projects.home.queryOptions(…))`.
 * `useTRPCClient()` gives the plain client, for calls outside of a component's life.
 */
export const { TRPCProvider, useTRPC, useTRPCClient } = createTRPCContext<AppRouter>();

const url = '/api/trpc';

/** Calls go in batches of ten at most; subscriptions are server-sent events that reconnect by themselves. */
export function createApiClient(): TRPCClient<AppRouter> {
  return createTRPCClient<AppRouter>({
    links: [
      splitLink({
        condition: (operation) => operation.type === 'subscription',
        true: [
          retryLink({
            retry: ({ error }) => (error.data?.httpStatus ?? 503) >= 500,
            retryDelayMs: (attempt) => Math.min(30_000, 500 * 2 ** attempt),
          }),
          httpSubscriptionLink({ url, transformer: superjson }),
        ],
        false: httpBatchLink({ url, transformer: superjson, maxItems: 10, methodOverride: 'POST' }),
      }),
    ],
  });
}

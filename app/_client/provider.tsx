'use client';

import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { isFinal } from './describe-error.ts';
import { createApiClient, TRPCProvider } from './trpc.ts';

function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 10_000,
        // What the server refused it refuses again; what failed on the way may work now.
        retry: (failures, error) => failures < 3 && !isFinal(error),
      },
      mutations: { retry: false },
    },
  });
}

/** What every screen stands on: the API client and the cache of its answers. */
export function ClientProvider({ children }: { readonly children: ReactNode }) {
  const [queryClient] = useState(createQueryClient);
  const [client] = useState(createApiClient);
  return (
    <QueryClientProvider client={queryClient}>
      <TRPCProvider trpcClient={client} queryClient={queryClient}>
        {children}
      </TRPCProvider>
    </QueryClientProvider>
  );
}

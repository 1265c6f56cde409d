'use client';

import { usePathname, useRouter } from 'next/navigation';
import { createContext, type ReactNode, useContext, useEffect } from 'react';
import { describeError } from '../_client/describe-error.ts';
import { type SessionUser, useSession } from '../_client/session.ts';
import { Button } from '../_ui/button.tsx';
import { EmptyState } from '../_ui/empty-state.tsx';
import { isKnownBrowser } from './known-browser.ts';
import { withNext } from './next-path.ts';
import { PageWait } from './page-wait.tsx';

const UserContext = createContext<SessionUser | null>(null);

/** Shows its children to who is signed in; everybody else is led to the door and back. */
export function SessionGate({ children }: { readonly children: ReactNode }) {
  const session = useSession();
  const router = useRouter();
  const path = usePathname();
  const signedOut = session.status === 'signed-out';

  useEffect(() => {
    if (signedOut) router.replace(withNext(isKnownBrowser() ? '/sign-in' : '/sign-up', path));
  }, [signedOut, router, path]);

  switch (session.status) {
    case 'signed-in':
      return <UserContext.Provider value={session.user}>{children}</UserContext.Provider>;
    case 'unknown': {
      const { message, fix } = describeError(session.error);
      return (
        <main className="flex min-h-dvh items-center justify-center p-6">
          <EmptyState
            heading="h1"
            action={<Button onClick={() => window.location.reload()}>Try again</Button>}
            title={message}
          >
            {fix}
          </EmptyState>
        </main>
      );
    }
    case 'loading':
    case 'signed-out':
      return <PageWait />;
  }
}

/** Who is signed in. Below a SessionGate only. */
export function useUser(): SessionUser {
  const user = useContext(UserContext);
  if (user === null) throw new Error('useUser needs a SessionGate above it.');
  return user;
}

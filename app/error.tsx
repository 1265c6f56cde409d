'use client';

import { Button } from './_ui/button.tsx';
import { EmptyState } from './_ui/empty-state.tsx';

/** The last net under every page: what was saved is safe, and the page can be tried again. */
export default function ErrorPage({ reset }: { readonly error: Error; readonly reset: () => void }) {
  return (
    <main className="flex min-h-dvh items-center justify-center p-6">
      <EmptyState
        heading="h1"
        action={
          <div className="flex gap-2">
            <Button kind="primary" onClick={reset}>
              Try again
            </Button>
            <Button onClick={() => window.location.assign('/')}>Go to the studio</Button>
          </div>
        }
        title="This page stopped working"
      >
        Everything that was saved is safe. If it stops again, reload the page.
      </EmptyState>
    </main>
  );
}

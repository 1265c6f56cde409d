'use client';

import { useQuery } from '@tanstack/react-query';
import dynamic from 'next/dynamic';
import Link from 'next/link';
import { useState } from 'react';
import { errorCode } from '../../_client/describe-error.ts';
import { useTRPC } from '../../_client/trpc.ts';
import { buttonClass } from '../../_ui/button-class.ts';
import { EmptyState } from '../../_ui/empty-state.tsx';
import { LoadProblem } from '../load-problem.tsx';
import { useUser } from '../session-gate.tsx';
import { CanvasSkeleton } from './canvas-skeleton.tsx';
import { useConnection } from './use-connection.ts';

// The editor needs a browser: a canvas element, pointer events, IndexedDB.
const CanvasScreen = dynamic(async () => (await import('./canvas-screen.tsx')).CanvasScreen, {
  ssr: false,
  loading: () => <CanvasSkeleton />,
});

/** Finds the canvas and opens its document; says so when either cannot be had. */
export function CanvasLoader({ canvasId }: { readonly canvasId: string }) {
  const [attempt, setAttempt] = useState(0);
  return <OpenCanvas canvasId={canvasId} key={attempt} onReopen={() => setAttempt(attempt + 1)} />;
}

function OpenCanvas({ canvasId, onReopen }: { readonly canvasId: string; readonly onReopen: () => void }) {
  const trpc = useTRPC();
  const user = useUser();
  const place = useQuery(trpc.canvases.get.queryOptions({ canvasId }));
  const connection = useConnection(canvasId, user.id);

  if (place.data !== undefined && connection.kind === 'open') {
    return <CanvasScreen connection={connection.connection} onReopen={onReopen} place={place.data} />;
  }
  const problem = place.error ?? (connection.kind === 'refused' ? connection.error : null);
  if (problem === null) return <CanvasSkeleton />;
  const code = errorCode(problem);
  return (
    <main className="flex min-h-dvh items-center justify-center p-6">
      {code === 'not_found' || code === 'bad_input' ? (
        <EmptyState
          heading="h1"
          action={
            <Link className={buttonClass({})} href="/">
              Go to the studio
            </Link>
          }
          title="There is no such canvas"
        >
          It may be in the trash, or belong to a team you are not in.
        </EmptyState>
      ) : (
        <LoadProblem
          heading="h1"
          error={problem}
          onRetry={() => {
            void place.refetch();
            onReopen();
          }}
        />
      )}
    </main>
  );
}

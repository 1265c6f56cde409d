import type { Metadata } from 'next';
import Link from 'next/link';
import { buttonClass } from './_ui/button-class.ts';
import { EmptyState } from './_ui/empty-state.tsx';

export const metadata: Metadata = { title: 'Not found' };

export default function NotFound() {
  return (
    <main className="flex min-h-dvh items-center justify-center p-6">
      <EmptyState
        heading="h1"
        action={
          <Link className={buttonClass({})} href="/">
            Go to the studio
          </Link>
        }
        title="There is nothing here"
      >
        The address may be mistyped, or what was here was moved to the trash.
      </EmptyState>
    </main>
  );
}

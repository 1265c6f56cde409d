import Link from 'next/link';
import type { ReactNode } from 'react';

/** The pages before the studio: one column, one question. */
export default function SiteLayout({ children }: { readonly children: ReactNode }) {
  return (
    <div className="flex min-h-dvh flex-col bg-surface">
      <header className="px-5 py-4 sm:px-8 sm:py-6">
        <Link className="rounded-small text-16 font-semibold tracking-[-0.01em] text-ink" href="/">
          Gesso
        </Link>
      </header>
      <main className="flex flex-1 justify-center px-5 pt-6 pb-16 sm:items-center sm:px-8 sm:pt-0 sm:pb-28">
        <div className="w-full max-w-90">{children}</div>
      </main>
    </div>
  );
}

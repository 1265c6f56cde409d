'use client';

import Link from 'next/link';
import { usePathname } from 'next/navigation';
import { classNames } from '../../_ui/class-names.ts';
import { AccountMenu } from './account-menu.tsx';
import { TeamMenu } from './team-menu.tsx';

const places = [
  { href: '/', label: 'Canvases' },
  { href: '/people', label: 'People' },
  { href: '/trash', label: 'Trash' },
] as const;

/** The bar above home, people and trash. */
export function StudioHeader() {
  const path = usePathname();
  return (
    <header className="sticky top-0 z-20 bg-ground">
      <div className="mx-auto flex max-w-[1360px] flex-wrap items-center gap-x-2 px-4 pt-2 sm:h-14 sm:flex-nowrap sm:px-8 sm:pt-0">
        <Link
          className="mr-1 flex h-11 items-center rounded-small text-16 font-semibold tracking-[-0.01em] sm:h-8"
          href="/"
        >
          Gesso
        </Link>
        <div className="min-w-0">
          <TeamMenu />
        </div>
        <span className="flex-1" />
        <nav
          aria-label="Studio"
          className="order-last flex w-full gap-1 pb-1 sm:order-none sm:w-auto sm:pb-0"
        >
          {places.map(({ href, label }) => (
            <Link
              aria-current={path === href ? 'page' : undefined}
              className={classNames(
                'flex h-8 items-center rounded-control px-2.5 text-13 transition-colors first:-ml-2.5 hover:bg-hover sm:first:ml-0 coarse:h-11',
                path === href ? 'font-medium text-ink' : 'text-ink-soft hover:text-ink',
              )}
              href={href}
              key={href}
            >
              {label}
            </Link>
          ))}
        </nav>
        <AccountMenu />
      </div>
    </header>
  );
}

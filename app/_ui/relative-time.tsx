'use client';

import { useSyncExternalStore } from 'react';
import { describeAge, describeExactly } from './age.ts';

/** When something was: "4 min ago", exact on hover. All of them on a page tick together. */
export function RelativeTime({
  at,
  className,
}: {
  readonly at: Date | string | number;
  readonly className?: string | undefined;
}) {
  const date = new Date(at);
  // The first render comes from the server's clock and language, so the words wait for the browser.
  const now = useSyncExternalStore(subscribe, readNow, readNothing);
  return (
    <time
      className={className}
      dateTime={date.toISOString()}
      title={now === null ? undefined : describeExactly(date)}
    >
      {now === null ? '' : describeAge(date.getTime(), now)}
    </time>
  );
}

const everyMs = 20_000;
const listeners = new Set<() => void>();
let timer: number | undefined;
let shared = 0;

function subscribe(listener: () => void): () => void {
  if (listeners.size === 0) {
    shared = Date.now();
    timer = window.setInterval(() => {
      shared = Date.now();
      for (const tell of listeners) tell();
    }, everyMs);
  }
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) window.clearInterval(timer);
  };
}

function readNow(): number {
  if (shared === 0 || Date.now() - shared > 2 * everyMs) shared = Date.now();
  return shared;
}

function readNothing(): null {
  return null;
}

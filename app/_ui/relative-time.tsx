'use client';

import { useEffect, useState } from 'react';
import { describeAge, describeExactly } from './age.ts';

/** When something was: "4 min ago", exact on hover and for screen readers' own reading of `time`. */
export function RelativeTime({
  at,
  className,
}: {
  readonly at: Date | string | number;
  readonly className?: string | undefined;
}) {
  const date = new Date(at);
  // The first render comes from the server's clock and language, so the words wait for the browser.
  const [now, setNow] = useState<number | null>(null);
  useEffect(() => {
    setNow(Date.now());
    const timer = window.setInterval(() => setNow(Date.now()), 30_000);
    return () => window.clearInterval(timer);
  }, []);
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

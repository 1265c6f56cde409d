const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** How long ago `at` was (both in ms since 1970), short: "now", "4 min ago", "3 h ago", "yesterday", "5 days ago", then the date. */
export function describeAge(at: number, now: number): string {
  const age = now - at;
  if (age < 45_000) return 'now';
  if (age < hour) return `${Math.max(1, Math.round(age / minute))} min ago`;
  if (age < day) return `${Math.round(age / hour)} h ago`;
  if (age < 2 * day) return 'yesterday';
  if (age < 14 * day) return `${Math.floor(age / day)} days ago`;
  const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  return new Intl.DateTimeFormat('en', {
    day: 'numeric',
    month: 'short',
    ...(sameYear ? {} : { year: 'numeric' }),
  }).format(at);
}

/** Date and time to the second, in the reader's own time zone. */
export function describeExactly(at: Date): string {
  return new Intl.DateTimeFormat('en', { dateStyle: 'long', timeStyle: 'medium' }).format(at);
}

/** A stretch of time for a person who waits: "under 1 s", "8 s", "1 min 20 s", "12 min", "2 h 5 min". */
export function describeDuration(milliseconds: number): string {
  if (milliseconds < 1_000) return 'under 1 s';
  const seconds = Math.round(milliseconds / 1_000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 5) {
    const rest = seconds % 60;
    return rest === 0 ? `${minutes} min` : `${minutes} min ${rest} s`;
  }
  if (minutes < 60) return `${Math.round(seconds / 60)} min`;
  const hours = Math.floor(minutes / 60);
  return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
}

/** A moving line at the top of the page, shown when what it waits for takes longer than a blink. */
export function PageWait() {
  return (
    <div
      aria-label="Loading"
      className="fixed inset-x-0 top-0 z-50 h-0.5 animate-late overflow-hidden"
      role="progressbar"
    >
      <div className="h-full w-2/5 animate-slide bg-accent" />
    </div>
  );
}

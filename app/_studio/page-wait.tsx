/** An empty page that is on its way: a moving line at the top, shown when it takes longer than a blink. */
export function PageWait() {
  return (
    <main aria-busy="true">
      <h1 className="sr-only">Loading</h1>
      <div aria-hidden="true" className="fixed inset-x-0 top-0 z-50 h-0.5 animate-late overflow-hidden">
        <div className="h-full w-2/5 animate-slide bg-accent" />
      </div>
    </main>
  );
}

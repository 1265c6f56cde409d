import { Skeleton } from '../../_ui/skeleton.tsx';

/** The shape of the canvas screen before it is known. */
export function CanvasSkeleton() {
  return (
    <main aria-busy="true" className="flex h-dvh flex-col">
      <h1 className="sr-only">Opening the canvas</h1>
      <div className="flex h-11 items-center gap-3 bg-surface px-3 hairline-b">
        <Skeleton className="h-4 w-40" />
      </div>
      <div className="flex flex-1 items-center justify-center">
        <Skeleton className="aspect-square w-[min(52dvh,70vw)] rounded-none" />
      </div>
    </main>
  );
}

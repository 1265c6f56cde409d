import { Skeleton } from '../../_ui/skeleton.tsx';

/** The shape of the canvas screen before it is known. */
export function CanvasSkeleton() {
  return (
    <div aria-label="Opening the canvas" className="flex h-dvh flex-col" role="status">
      <div className="flex h-11 items-center gap-3 bg-surface px-3 hairline-b">
        <Skeleton className="h-4 w-40" />
      </div>
      <div className="flex flex-1 items-center justify-center">
        <Skeleton className="aspect-square w-[min(52dvh,70vw)] rounded-none" />
      </div>
    </div>
  );
}

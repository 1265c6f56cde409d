import { Skeleton } from '../../_ui/skeleton.tsx';
import { canvasGridClass } from './canvas-grid.ts';

/** The shape of the home page before it is known. */
export function HomeSkeleton() {
  return (
    <div aria-label="Loading canvases" role="status">
      <h1 className="sr-only">Loading</h1>
      <Skeleton className="mb-6 h-8 w-40" />
      <div className={canvasGridClass}>
        {[0, 1, 2, 3].map((card) => (
          <div className="flex flex-col gap-2" key={card}>
            <Skeleton className="aspect-4/3 w-full" />
            <Skeleton className="h-4 w-2/3" />
          </div>
        ))}
      </div>
    </div>
  );
}

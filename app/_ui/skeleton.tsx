import { classNames } from './class-names.ts';

/** The shape of something that is on its way. Give its size in `className`. */
export function Skeleton({ className }: { readonly className?: string | undefined }) {
  return (
    <div aria-hidden="true" className={classNames('animate-wait rounded-control bg-pressed', className)} />
  );
}

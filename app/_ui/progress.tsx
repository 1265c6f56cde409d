import { classNames } from './class-names.ts';

/** A bar from 0 to 1; without a value it only says that something is under way. */
export function Progress({
  value,
  label,
  className,
}: {
  readonly value: number | null;
  readonly label: string;
  readonly className?: string | undefined;
}) {
  const percent = value === null ? null : Math.round(Math.min(1, Math.max(0, value)) * 100);
  return (
    <div
      aria-label={label}
      aria-valuemax={100}
      aria-valuemin={0}
      aria-valuenow={percent ?? undefined}
      className={classNames('h-1 w-full overflow-hidden rounded-full bg-pressed', className)}
      role="progressbar"
    >
      <div
        className={classNames(
          'h-full w-full origin-left bg-accent transition-transform duration-300 ease-linear',
          percent === null && 'animate-wait',
        )}
        style={{ transform: `scaleX(${(percent ?? 100) / 100})` }}
      />
    </div>
  );
}

/** A turning ring of the text's colour, for a button whose work is under way. */
export function Spinner({ className }: { readonly className?: string | undefined }) {
  return (
    <span
      aria-hidden="true"
      className={classNames(
        'inline-block size-3.5 shrink-0 animate-turn rounded-full border-[1.5px] border-current border-r-transparent',
        className,
      )}
    />
  );
}

import { type IconName, icons } from './icons.ts';

export type { IconName };

/**
 * One icon, drawn with the text's colour. It carries no name of its own: the control around it does, so it is hidden
 * from screen readers.
 */
export function Icon({
  name,
  size = 16,
  className,
}: {
  readonly name: IconName;
  readonly size?: 16 | 20;
  readonly className?: string | undefined;
}) {
  return (
    <svg
      aria-hidden="true"
      className={className}
      fill="none"
      focusable="false"
      height={size}
      stroke="currentColor"
      strokeLinecap="round"
      strokeLinejoin="round"
      // The same 1.4 px of ink at both sizes.
      strokeWidth={size === 16 ? 1.75 : 1.4}
      style={{ flex: 'none' }}
      viewBox="0 0 20 20"
      width={size}
    >
      <path d={icons[name]} />
    </svg>
  );
}

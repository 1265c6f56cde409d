import { classNames } from './class-names.ts';
import { initials, type PersonColor, personColor } from '../../shared/color/person-color.ts';

/** A person as a disc of their colour with initials. Decorative beside a written name; otherwise give `label`. */
export function Avatar({
  userId,
  name,
  size = 24,
  label,
  color: given,
  className,
}: {
  readonly userId: string;
  readonly name: string;
  readonly size?: 20 | 24 | 28 | 40 | undefined;
  readonly label?: string | undefined;
  /** The person's colour in this place; their usual one when not given. */
  readonly color?: PersonColor | undefined;
  readonly className?: string | undefined;
}) {
  const { color, ink } = given ?? personColor(userId);
  return (
    <span
      {...(label === undefined ? { 'aria-hidden': true } : { role: 'img', 'aria-label': label })}
      className={classNames(
        'inline-flex shrink-0 items-center justify-center rounded-full font-semibold select-none before:content-[attr(data-initials)]',
        className,
      )}
      // Drawn, not written: the control around it has the whole name already.
      data-initials={initials(name)}
      style={{
        background: color,
        color: ink,
        width: size,
        height: size,
        fontSize: size >= 40 ? 14 : size >= 28 ? 12 : size >= 24 ? 10 : 9,
      }}
    />
  );
}

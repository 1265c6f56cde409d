import type { Arithmetic } from '../../../shared/contracts/recipe.ts';
import { Segmented } from '../../_ui/segmented.tsx';

/** What people call the two ways of computing, where there is room for it: in the history and the summary of settings. */
export const arithmeticWords = { exact: 'Exact', int8: 'Fast (8-bit)' } as const satisfies Record<
  Arithmetic,
  string
>;

const options = [
  { value: 'exact', label: 'Exact', hint: 'Computed in 32-bit floats.' },
  { value: 'int8', label: 'Fast', hint: 'The largest matrices are multiplied as 8-bit integers.' },
] as const;

/** How the next pictures are computed, for packs that have the choice. */
export function ArithmeticField({
  value,
  readOnly,
  onChange,
}: {
  readonly value: Arithmetic;
  readonly readOnly: boolean;
  readonly onChange: (arithmetic: Arithmetic) => void;
}) {
  return (
    <div className="flex flex-col gap-1">
      <Segmented disabled={readOnly} label="Arithmetic" onChange={onChange} options={options} value={value} />
      <p className="text-12 text-ink-soft">
        Fast computes in 8 bits and takes about a third less time. The picture differs slightly, and may
        differ between processors.
      </p>
    </div>
  );
}

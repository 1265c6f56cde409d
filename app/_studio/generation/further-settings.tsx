import type { Settings } from '../../../shared/document/schema.ts';
import { Segmented } from '../../_ui/segmented.tsx';
import { Slider } from '../../_ui/slider.tsx';
import { ArithmeticField } from './arithmetic-field.tsx';
import { SeedField } from './seed-field.tsx';

const solvers = [
  { value: 'flow-euler', label: 'Euler', hint: 'One look at the picture a step. Fast.' },
  { value: 'flow-heun', label: 'Heun', hint: 'Two looks a step: twice the time, often cleaner.' },
] as const;

/** The settings below the fold: fewer people turn them, and their values stand beside it in short. */
export function FurtherSettings({
  settings,
  offersInt8,
  readOnly,
  onChange,
}: {
  readonly settings: Settings;
  /** The pack has a graph that computes in 8 bits. */
  readonly offersInt8: boolean;
  readonly readOnly: boolean;
  readonly onChange: (change: Partial<Settings>) => void;
}) {
  return (
    <>
      <Slider
        disabled={readOnly}
        hint="How many times the picture is sharpened on its way from noise. More is slower and finer."
        label="Steps"
        max={50}
        min={1}
        onChange={(steps) => onChange({ steps })}
        step={1}
        value={settings.steps}
      />
      <Slider
        disabled={readOnly}
        hint="How strictly the picture follows the words (classifier-free guidance scale). 1 is loose; above 8 colours turn harsh."
        label="Guidance"
        max={15}
        min={0}
        onChange={(guidanceScale) => onChange({ guidanceScale })}
        step={0.5}
        value={settings.guidanceScale}
      />
      <Segmented
        disabled={readOnly}
        label="Solver"
        onChange={(solver) => onChange({ solver })}
        options={solvers}
        value={settings.solver}
      />
      {offersInt8 ? (
        <ArithmeticField
          onChange={(arithmetic) => onChange({ arithmetic })}
          readOnly={readOnly}
          value={settings.arithmetic}
        />
      ) : null}
      <SeedField onChange={(seed) => onChange({ seed })} readOnly={readOnly} seed={settings.seed} />
    </>
  );
}

import { renderToStaticMarkup } from 'react-dom/server';
import { expect, test } from 'vitest';
import { type Settings, settingsSchema } from '../../../shared/document/schema.ts';
import { UiProvider } from '../../_ui/provider.tsx';
import { FurtherSettings } from './further-settings.tsx';
import { SettingsForm } from './settings-form.tsx';

const settings = settingsSchema.parse({});
const fast: Settings = { ...settings, arithmetic: 'int8' };
const rest = { readOnly: false, onChange: () => undefined };

function opened(shown: Settings, offersInt8: boolean): string {
  const form = <FurtherSettings {...rest} offersInt8={offersInt8} settings={shown} />;
  return renderToStaticMarkup(<UiProvider>{form}</UiProvider>);
}

/** The form as it comes up: what lies below the fold is only told in short. */
function folded(shown: Settings, offersInt8: boolean): string {
  const form = <SettingsForm {...rest} mode="text-to-image" offersInt8={offersInt8} settings={shown} />;
  return renderToStaticMarkup(<UiProvider>{form}</UiProvider>);
}

test('arithmetic is a labelled choice for a pack that has both, and not there for one that has not', () => {
  const [, label] = /<span[^>]* id="([^"]+)">Arithmetic</.exec(opened(settings, true)) ?? [];
  expect(opened(settings, true)).toContain(`aria-labelledby="${label}"`);
  expect(opened(settings, true)).toMatch(/aria-checked="true"[^>]*value="exact"/);
  expect(opened(fast, true)).toMatch(/aria-checked="true"[^>]*value="int8"/);
  expect(opened(settings, true)).toContain('may differ between processors');
  expect(opened(fast, false)).not.toContain('Arithmetic');
  expect(opened(fast, false)).toContain('Solver');
});

test('what is folded says that pictures are computed in 8 bits, where the pack does', () => {
  expect(folded(fast, true)).toContain('8 steps, guidance 2, fast (8-bit)');
  expect(folded(settings, true)).toContain('8 steps, guidance 2<');
  expect(folded(fast, false)).toContain('8 steps, guidance 2<');
});

'use client';

import { type GenerationMode, generationModes } from '../../../shared/contracts/recipe.ts';
import { describeMode } from '../../../shared/document/mode.ts';
import type { Settings } from '../../../shared/document/schema.ts';
import type { ErrorDescription } from '../../_client/describe-error.ts';
import { describeDuration } from '../../_ui/age.ts';
import { buttonClass } from '../../_ui/button-class.ts';
import { classNames } from '../../_ui/class-names.ts';
import { Icon } from '../../_ui/icon.tsx';
import { Menu } from '../../_ui/menu.tsx';
import { Spinner } from '../../_ui/progress.tsx';
import { ariaShortcut } from '../../_ui/shortcut.ts';
import { ShortcutHint, useApple } from '../../_ui/tooltip.tsx';
import { modeHint, modeVerb } from '../history/mode-words.ts';

/** Whether Generate can act now, and why not. */
export type GenerateState =
  | { readonly kind: 'ready' }
  | { readonly kind: 'busy'; readonly what: 'Saving' | 'Asking' }
  | { readonly kind: 'blocked'; readonly reason: string };

/** What waits between pressing and seeing. */
export interface Outlook {
  /** Milliseconds from the start of the work to the pictures; null when nothing like it ran yet. */
  readonly estimateMs: number | null;
  /** Jobs of anybody that come first. */
  readonly ahead: number;
}

/** The one button: it says what will happen, beside it what else could. */
export function GenerateButton({
  mode,
  offersInstruct,
  settings,
  state,
  outlook,
  problem,
  readOnly,
  onGenerate,
  onMode,
}: {
  /** What will happen, decided from the canvas or chosen. */
  readonly mode: GenerationMode;
  /** Whether the menu has the edit by instruction. */
  readonly offersInstruct: boolean;
  readonly settings: Settings;
  readonly state: GenerateState;
  readonly outlook: Outlook | null;
  /** Why the last press did not work. */
  readonly problem: ErrorDescription | null;
  readonly readOnly: boolean;
  readonly onGenerate: () => void;
  readonly onMode: (mode: Settings['mode']) => void;
}) {
  const apple = useApple();
  const still = state.kind !== 'ready';
  const words = describeMode(mode, settings.strength);
  const choices = modeChoices.filter((choice) => choice !== 'instruct' || offersInstruct);
  return (
    <div className="flex flex-col gap-1.5">
      <div className="flex">
        <button
          aria-busy={state.kind === 'busy' || undefined}
          aria-describedby="generate-outlook"
          aria-disabled={still || undefined}
          aria-keyshortcuts={ariaShortcut('Mod+Enter', apple)}
          className={buttonClass({
            kind: 'primary',
            size: 'large',
            className: classNames('relative flex-1', readOnly ? '' : 'rounded-r-none'),
          })}
          onClick={still ? undefined : onGenerate}
          type="button"
        >
          {state.kind === 'busy' ? <Spinner /> : null}
          <span>{state.kind === 'busy' ? state.what : words}</span>
          {state.kind === 'busy' ? null : (
            <span className="absolute right-3 text-12 font-normal">
              <ShortcutHint onAccent shortcut="Mod+Enter" />
            </span>
          )}
        </button>
        {readOnly ? null : (
          <Menu
            entries={[
              {
                kind: 'choice',
                id: 'mode',
                label: 'What Generate does',
                value: settings.mode,
                onChange: (value) => {
                  const next = choices.find((choice) => choice === value);
                  if (next !== undefined) onMode(next);
                },
                options: choices.map((choice) => ({
                  value: choice,
                  label: choice === 'auto' ? autoLabel(mode, settings.mode) : modeVerb(choice),
                  hint: choice === 'auto' ? undefined : modeHint(choice),
                })),
              },
            ]}
            trigger={
              <button
                aria-label={`What Generate does: ${words}`}
                className={buttonClass({
                  kind: 'primary',
                  size: 'large',
                  className: 'ml-px w-9 rounded-l-none px-0',
                })}
                type="button"
              >
                <Icon name="chevron-down" />
              </button>
            }
          />
        )}
      </div>
      {problem === null ? null : (
        <p className="flex gap-1.5 text-12 text-danger-text" role="alert">
          <Icon className="mt-px" name="warning" />
          <span className="min-w-0 break-words">
            {problem.message} {problem.fix}
          </span>
        </p>
      )}
      <p
        className={classNames(
          'min-h-4 text-12',
          state.kind === 'blocked' ? 'text-notice-text' : 'text-ink-faint',
        )}
        id="generate-outlook"
      >
        {state.kind === 'blocked' ? state.reason : describeOutlook(outlook, settings.count)}
      </p>
    </div>
  );
}

const modeChoices = ['auto', ...generationModes] as const;

function autoLabel(mode: GenerationMode, chosen: Settings['mode']): string {
  return chosen === 'auto'
    ? `Whatever the canvas asks for (${modeVerb(mode)})`
    : 'Whatever the canvas asks for';
}

/** "2 pictures, about 8 s, after 3 others". */
export function describeOutlook(outlook: Outlook | null, count: number): string {
  const parts = [count === 1 ? '1 picture' : `${count} pictures`];
  if (outlook?.estimateMs != null) {
    const time = describeDuration(outlook.estimateMs);
    parts.push(outlook.estimateMs < 1_000 ? time : `about ${time}`);
  }
  if (outlook !== null && outlook.ahead > 0) {
    parts.push(outlook.ahead === 1 ? 'after 1 other' : `after ${outlook.ahead} others`);
  }
  return parts.join(', ');
}

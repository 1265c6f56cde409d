'use client';

import { Button } from '../../_ui/button.tsx';
import { Icon } from '../../_ui/icon.tsx';

/** Prompts that the house model paints well. */
const prompts = ['a red fox in the snow', 'a blue sailing boat on a calm sea', 'a yellow house under a tree'];

/** An empty home: one real thing to do. */
export function FirstCanvas({
  busy,
  onStart,
}: {
  readonly busy: boolean;
  readonly onStart: (prompt: string) => void;
}) {
  return (
    <div className="mx-auto flex max-w-110 flex-col gap-4 pt-8 sm:pt-20">
      <div>
        <h1 className="text-20 font-semibold tracking-[-0.01em]">Start with a few words</h1>
        <p className="mt-1 text-14 text-ink-soft">
          Each of these opens a new canvas with the words already typed. Press Generate there, and the first
          picture appears.
        </p>
      </div>
      <ul className="flex flex-col gap-2">
        {prompts.map((prompt) => (
          <li key={prompt}>
            <button
              aria-disabled={busy || undefined}
              className="flex min-h-11 w-full items-center justify-between gap-3 rounded-control bg-surface px-4 py-2 text-left text-14 shadow-[inset_0_0_0_1px_var(--line)] transition-colors hover:bg-raised hover:shadow-[inset_0_0_0_1px_var(--edge)]"
              onClick={busy ? undefined : () => onStart(prompt)}
              type="button"
            >
              {prompt}
              <Icon className="text-ink-faint" name="arrow-right" />
            </button>
          </li>
        ))}
      </ul>
      <div>
        <Button busy={busy} onClick={() => onStart('')}>
          Start with an empty canvas
        </Button>
      </div>
    </div>
  );
}

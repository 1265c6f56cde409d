'use client';

import type { ConnectionStatus } from '../../_editor/document/connection.ts';
import { Icon, type IconName } from '../../_ui/icon.tsx';
import { Spinner } from '../../_ui/progress.tsx';
import { Tooltip } from '../../_ui/tooltip.tsx';

/** Where the edits of this browser are. */
type SaveState = ConnectionStatus['kind'];

/** What to say about where the edits are. */
export const saveStateWords: Readonly<
  Record<SaveState, { readonly label: string; readonly detail: string; readonly icon: IconName | null }>
> = {
  loading: { label: 'Opening', detail: 'Fetching the canvas.', icon: null },
  saved: { label: 'Saved', detail: 'Everything is on the server.', icon: 'check' },
  saving: { label: 'Saving', detail: 'Your last edits are on their way.', icon: null },
  offline: {
    label: 'Offline',
    detail: 'Keep working: your edits are kept in this browser and sent when the connection is back.',
    icon: 'offline',
  },
  closed: { label: 'Not connected', detail: 'This canvas was closed for you.', icon: 'warning' },
};

/** Saved, Saving or Offline, honestly: Saved only after the server has written it down. */
export function SaveStateLabel({ state }: { readonly state: SaveState }) {
  const { label, detail, icon } = saveStateWords[state];
  const alarming = state === 'offline' || state === 'closed';
  return (
    <Tooltip label={detail}>
      <button
        className={
          alarming
            ? 'flex h-7 items-center gap-1.5 rounded-small bg-notice-wash px-2 text-12 font-medium text-notice-text coarse:h-11'
            : 'flex h-7 items-center gap-1.5 rounded-small px-2 text-12 text-ink-faint coarse:h-11'
        }
        type="button"
      >
        {icon === null ? <Spinner className="size-3" /> : <Icon name={icon} />}
        <span className={alarming ? undefined : 'max-sm:sr-only'}>{label}</span>
      </button>
    </Tooltip>
  );
}

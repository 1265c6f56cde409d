'use client';

import Link from 'next/link';
import { useState } from 'react';
import { IconButton } from '../../_ui/icon-button.tsx';
import { Menu } from '../../_ui/menu.tsx';
import { Picture } from '../../_ui/picture.tsx';
import { RelativeTime } from '../../_ui/relative-time.tsx';

interface CanvasCardData {
  readonly id: string;
  readonly name: string;
  readonly thumbnailUrl: string | null;
  readonly updatedAt: Date;
}

/** A canvas as its newest picture, with its name and what can be done with it. */
export function CanvasCard({
  canvas,
  readOnly,
  onRename,
  onDuplicate,
  onTrash,
}: {
  readonly canvas: CanvasCardData;
  readonly readOnly: boolean;
  readonly onRename: (name: string) => void;
  readonly onDuplicate: () => void;
  readonly onTrash: () => void;
}) {
  const [draft, setDraft] = useState<string | null>(null);

  function keep() {
    const name = draft?.trim() ?? '';
    setDraft(null);
    if (name !== '' && name !== canvas.name) onRename(name);
  }

  return (
    <li className="group relative flex min-w-0 flex-col gap-2">
      <Link
        aria-label={`Open ${canvas.name}`}
        className="block overflow-hidden rounded-control bg-pressed outline-offset-2"
        href={`/canvas/${canvas.id}`}
      >
        {canvas.thumbnailUrl === null ? (
          <span className="flex aspect-4/3 w-full items-center justify-center bg-raised text-12 text-ink-faint shadow-[inset_0_0_0_1px_var(--line)]">
            Nothing on it yet
          </span>
        ) : (
          <Picture alt="" className="aspect-4/3 w-full" src={canvas.thumbnailUrl} />
        )}
      </Link>
      <div className="flex items-start gap-1">
        <div className="min-w-0 flex-1">
          {draft === null ? (
            <Link
              className="block truncate text-13 font-medium text-ink"
              href={`/canvas/${canvas.id}`}
              tabIndex={-1}
              title={canvas.name}
            >
              {canvas.name}
            </Link>
          ) : (
            <input
              aria-label="Canvas name"
              autoFocus
              className="-mx-1.5 -my-1 h-7 w-full rounded-small border border-edge bg-raised px-1.5 text-13 coarse:h-11 coarse:text-16"
              maxLength={120}
              onBlur={keep}
              onChange={(event) => setDraft(event.target.value)}
              onFocus={(event) => event.target.select()}
              onKeyDown={(event) => {
                if (event.key === 'Enter') event.currentTarget.blur();
                if (event.key === 'Escape') setDraft(null);
              }}
              value={draft}
            />
          )}
          <p className="text-12 text-ink-faint">
            <RelativeTime at={canvas.updatedAt} />
          </p>
        </div>
        {readOnly ? null : (
          <Menu
            entries={[
              {
                id: 'rename',
                label: 'Rename',
                icon: 'pencil',
                // The menu gives the focus back to its button first; the field takes it after that.
                onSelect: () => window.setTimeout(() => setDraft(canvas.name), 60),
              },
              { id: 'duplicate', label: 'Duplicate', icon: 'copy', onSelect: onDuplicate },
              { kind: 'separator', id: 'line' },
              { id: 'trash', label: 'Move to trash', icon: 'trash', danger: true, onSelect: onTrash },
            ]}
            trigger={
              <IconButton
                className="-mt-1 -mr-1 opacity-0 transition-opacity group-focus-within:opacity-100 group-hover:opacity-100 data-[state=open]:opacity-100 coarse:-mt-3 coarse:-mr-3 coarse:opacity-100"
                hint="More"
                icon="more"
                label={`More for ${canvas.name}`}
                size="small"
              />
            }
          />
        )}
      </div>
    </li>
  );
}

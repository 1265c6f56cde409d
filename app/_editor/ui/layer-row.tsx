'use client';

import { memo, useEffect, useRef, useState } from 'react';
import type { ControlLayer, Layer, LayerId } from '../../../shared/document/schema.ts';
import { classNames } from '../../_ui/class-names.ts';
import { Icon } from '../../_ui/icon.tsx';
import { IconButton } from '../../_ui/icon-button.tsx';
import { controlWords, describeControl, describeFollowing } from '../core/control-words.ts';
import { applyCommands } from '../core/editor.ts';
import { useEditor, useReadable } from './editor-context.ts';
import { LayerThumbnail } from './layer-thumbnail.tsx';
import type { LayerDrag } from './use-layer-drag.ts';

/** One layer: thumbnail, name, lock, eye. A tree item that can be picked, renamed and dragged. */
export const LayerRow = memo(function LayerRow({
  layer,
  isSelected,
  isCurrent,
  isDragged,
  canEdit,
  row,
  count,
  startDrag,
  onFocus,
}: {
  readonly layer: Layer;
  readonly isSelected: boolean;
  /** The one that Tab reaches. */
  readonly isCurrent: boolean;
  readonly canEdit: boolean;
  readonly isDragged: boolean;
  readonly row: number;
  readonly count: number;
  readonly startDrag: LayerDrag['start'];
  readonly onFocus: (id: LayerId) => void;
}) {
  const editor = useEditor();
  const isRenaming = useReadable(editor.renaming) === layer.id;

  function toggle(patch: { readonly hidden?: boolean; readonly locked?: boolean }, label: string): void {
    applyCommands(editor, label, [{ type: 'patch-layer', id: layer.id, patch }]);
  }

  function select(event: {
    readonly shiftKey: boolean;
    readonly metaKey: boolean;
    readonly ctrlKey: boolean;
  }): void {
    const before = editor.selection.get();
    if (event.metaKey || event.ctrlKey || event.shiftKey) {
      editor.selection.set(
        before.includes(layer.id) ? before.filter((id) => id !== layer.id) : [...before, layer.id],
      );
    } else editor.selection.set([layer.id]);
  }

  const kind = kindWords(layer);
  const states = [kind, layer.hidden && 'hidden', layer.locked && 'locked'].filter(Boolean).join(', ');
  return (
    <div
      aria-label={`${layer.name}, ${states}`}
      aria-level={1}
      aria-posinset={row + 1}
      aria-selected={isSelected}
      aria-setsize={count}
      className={classNames(
        'group flex h-11 touch-pan-y items-center gap-2 rounded-control pr-1 pl-1.5 select-none coarse:h-13',
        isSelected ? 'bg-accent-wash' : 'hover:bg-hover',
        isDragged && 'opacity-40',
      )}
      data-layer-id={layer.id}
      onClick={select}
      onContextMenu={() => {
        if (!isSelected) editor.selection.set([layer.id]);
      }}
      onDoubleClick={() => canEdit && editor.renaming.set(layer.id)}
      onFocus={() => onFocus(layer.id)}
      onPointerDown={canEdit && !isRenaming ? (event) => startDrag(event, layer.id) : undefined}
      role="treeitem"
      tabIndex={isCurrent ? 0 : -1}
    >
      <LayerThumbnail layer={layer} />
      {isRenaming && canEdit ? (
        <NameField layer={layer} />
      ) : (
        <span className={classNames('min-w-0 flex-1', layer.hidden && 'text-ink-faint')}>
          <span className="block truncate">{layer.name}</span>
          {layer.kind === 'control' ? (
            <span className="block truncate text-12 text-ink-faint">{secondLine(layer)}</span>
          ) : null}
        </span>
      )}
      {layer.kind === 'mask' && layer.inverted ? <Icon className="text-ink-faint" name="invert" /> : null}
      <span className="flex" onPointerDown={(event) => event.stopPropagation()}>
        <IconButton
          className={classNames(
            !layer.locked && 'opacity-0 group-hover:opacity-100 focus-visible:opacity-100 coarse:opacity-100',
          )}
          disabled={!canEdit}
          icon={layer.locked ? 'lock' : 'unlock'}
          label={`${layer.locked ? 'Unlock' : 'Lock'} ${layer.name}`}
          onClick={(event) => {
            event.stopPropagation();
            toggle({ locked: !layer.locked }, layer.locked ? 'Unlock layer' : 'Lock layer');
          }}
          size="small"
          tabIndex={-1}
        />
        <IconButton
          disabled={!canEdit}
          icon={layer.hidden ? 'eye-off' : 'eye'}
          label={`${layer.hidden ? 'Show' : 'Hide'} ${layer.name}`}
          onClick={(event) => {
            event.stopPropagation();
            toggle({ hidden: !layer.hidden }, layer.hidden ? 'Show layer' : 'Hide layer');
          }}
          size="small"
          tabIndex={-1}
        />
      </span>
    </div>
  );
});

/** "Edges, 80 %", or only "80 %" under the name "Edges 2". */
function secondLine(layer: ControlLayer): string {
  const says = layer.name.startsWith(controlWords[layer.map].name);
  return says || layer.map === 'segmentation' ? describeFollowing(layer) : describeControl(layer);
}

/** What a layer is, for who does not see its thumbnail. */
function kindWords(layer: Layer): string {
  switch (layer.kind) {
    case 'image':
      return 'picture';
    case 'mask':
      return layer.inverted ? 'inverted mask' : 'mask';
    case 'control':
      return `control map, ${describeControl(layer).toLowerCase()}`;
  }
}

/** The name while it is edited: Enter keeps it, Escape drops it, leaving the field keeps it. */
function NameField({ layer }: { readonly layer: Layer }) {
  const editor = useEditor();
  const [name, setName] = useState(layer.name);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.select(), []);

  function keep(): void {
    editor.renaming.set(null);
    const trimmed = name.trim().slice(0, 200);
    if (trimmed !== '' && trimmed !== layer.name)
      applyCommands(editor, 'Rename layer', [
        { type: 'patch-layer', id: layer.id, patch: { name: trimmed } },
      ]);
  }

  return (
    <input
      aria-label="Layer name"
      className="h-7 min-w-0 flex-1 rounded-small border border-edge bg-raised px-1.5 text-13 coarse:text-16"
      maxLength={200}
      onBlur={keep}
      onChange={(event) => setName(event.target.value)}
      onClick={(event) => event.stopPropagation()}
      onDoubleClick={(event) => event.stopPropagation()}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === 'Enter') keep();
        if (event.key === 'Escape') editor.renaming.set(null);
      }}
      ref={input}
      value={name}
    />
  );
}

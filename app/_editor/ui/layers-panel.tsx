'use client';

import { useRef, useState } from 'react';
import { type BlendMode, blendModes, type LayerId } from '../../../shared/document/schema.ts';
import { IconButton } from '../../_ui/icon-button.tsx';
import { ContextMenu } from '../../_ui/menu.tsx';
import { Select } from '../../_ui/select.tsx';
import { Slider } from '../../_ui/slider.tsx';
import { applyCommands, editableSelection } from '../core/editor.ts';
import { ControlFields } from './control-fields.tsx';
import { useCanvasModel, useEditor, useEditorParts, useReadable } from './editor-context.ts';
import { EnlargeButtons } from './enlarge-buttons.tsx';
import { LayerRow } from './layer-row.tsx';
import { middleOnCanvas } from './middle-on-canvas.ts';
import { NewControlMenu } from './new-control-menu.tsx';
import { ActionButton } from './toolbar.tsx';
import { useLayerDrag } from './use-layer-drag.ts';
import { useLayerKeys } from './use-layer-keys.ts';
import { useLayerMenu } from './use-layer-menu.ts';
import { useRowWindow } from './use-row-window.ts';

const blendLabels: Readonly<Record<BlendMode, string>> = {
  normal: 'Normal',
  multiply: 'Multiply',
  screen: 'Screen',
  overlay: 'Overlay',
  darken: 'Darken',
  lighten: 'Lighten',
};
const blendOptions = blendModes.map((value) => ({
  value,
  label: blendLabels[value],
}));

/** The layers as a painter knows them: topmost first, with what can be done to the selected ones above. */
export function LayersPanel() {
  const { editor, placeFiles } = useEditorParts();
  const { layers } = useCanvasModel();
  const selection = useReadable(editor.selection);
  const canEdit = useReadable(editor.document.canEdit);
  const list = useRef<HTMLDivElement>(null);
  const input = useRef<HTMLInputElement>(null);
  const topFirst = layers.toReversed();
  const [current, setCurrent] = useState<LayerId | null>(null);
  const focusable = topFirst.find((layer) => layer.id === current) ?? topFirst[0];
  const { rowHeight, first, end } = useRowWindow(list, topFirst.length);
  // The row that Tab reaches must be one that is drawn.
  const shown = topFirst.slice(first, end);
  const tabStop = focusable !== undefined && shown.includes(focusable) ? focusable : shown[0];
  const drag = useLayerDrag({ list, topFirst, rowHeight });
  const onKeyDown = useLayerKeys({ topFirst, current: focusable, setCurrent, list, rowHeight });
  const menu = useLayerMenu();

  return (
    <div className="flex min-h-0 min-w-0 flex-1 flex-col">
      {canEdit ? (
        <div className="flex items-center gap-0.5 px-2 pt-1 pb-1">
          <ActionButton id="mask.new" />
          <NewControlMenu />
          <IconButton
            icon="image"
            iconSize={20}
            label="Add a picture"
            onClick={() => input.current?.click()}
          />
          <input
            accept="image/*"
            aria-label="Picture files"
            className="hidden"
            multiple
            onChange={(event) => {
              placeFiles([...(event.target.files ?? [])], middleOnCanvas(editor));
              event.target.value = '';
            }}
            ref={input}
            type="file"
          />
          <span className="flex-1" />
          <ActionButton id="mask.invert" />
          <ActionButton id="edit.duplicate" />
          <ActionButton id="edit.delete" />
        </div>
      ) : null}
      <SelectedLayerFields />
      {topFirst.length === 0 ? (
        <p className="px-4 py-6 text-center text-ink-faint">
          No layers yet. Pictures you accept or drop here, the masks you paint, and the maps a picture should
          follow become layers.
        </p>
      ) : (
        <ContextMenu entries={menu}>
          <div
            aria-label="Layers"
            aria-multiselectable="true"
            className="relative my-1 min-h-0 flex-1 overflow-y-auto px-2"
            onKeyDown={onKeyDown}
            ref={list}
            role="tree"
          >
            <div aria-hidden="true" style={{ height: first * rowHeight }} />
            {shown.map((layer, i) => (
              <LayerRow
                canEdit={canEdit}
                count={topFirst.length}
                isCurrent={layer.id === tabStop?.id}
                isDragged={drag.ids.includes(layer.id)}
                isSelected={selection.includes(layer.id)}
                key={layer.id}
                layer={layer}
                onFocus={setCurrent}
                row={first + i}
                startDrag={drag.start}
              />
            ))}
            <div aria-hidden="true" style={{ height: (topFirst.length - end) * rowHeight }} />
            {drag.line === null ? null : (
              <div
                className="pointer-events-none absolute inset-x-2 z-10 h-0.5 rounded-full bg-accent before:absolute before:-top-[3px] before:-left-1 before:size-2 before:rounded-full before:border-2 before:border-accent before:bg-surface"
                style={{ top: drag.line - 1 }}
              />
            )}
          </div>
        </ContextMenu>
      )}
    </div>
  );
}

/** Opacity and blend mode of what is selected; they drag as one change and are written once. */
function SelectedLayerFields() {
  const editor = useEditor();
  useCanvasModel();
  useReadable(editor.selection);
  const [dragged, setDragged] = useState<number | null>(null);
  const layers = editableSelection(editor);
  const [first] = layers;
  if (first === undefined) return null;
  const controls = layers.filter((layer) => layer.kind === 'control');
  if (controls.length === layers.length) return <ControlFields layers={controls} />;
  const pictures = layers.filter((layer) => layer.kind === 'image');
  const [picture] = pictures;

  function commitOpacity(opacity: number): void {
    setDragged(null);
    applyCommands(
      editor,
      'Change opacity',
      layers.map(({ id }) => ({ type: 'patch-layer', id, patch: { opacity } })),
    );
  }

  return (
    <div className="grid grid-cols-2 items-end gap-3 px-3 pt-1 pb-3 hairline-b">
      <Slider
        label="Opacity"
        max={1}
        min={0}
        onChange={setDragged}
        onCommit={commitOpacity}
        scale={100}
        step={0.01}
        unit="%"
        value={dragged ?? first.opacity}
      />
      {picture === undefined ? null : (
        <Select<BlendMode>
          hideLabel
          label="Blend mode"
          onChange={(blend) => {
            applyCommands(
              editor,
              'Change blend mode',
              pictures.map(({ id }) => ({ type: 'patch-layer', id, patch: { blend } })),
            );
          }}
          options={blendOptions}
          value={picture.blend}
        />
      )}
      <EnlargeButtons />
    </div>
  );
}

'use client';

import { useDeferredValue, useMemo } from 'react';
import { type CountedControl, countedControls } from '../../../shared/document/controls.ts';
import type { CanvasModel, ControlLayer, LayerId } from '../../../shared/document/schema.ts';
import { controlWords, percent } from '../../_editor/core/control-words.ts';
import { useEditor } from '../../_editor/ui/editor-context.ts';
import { Icon } from '../../_ui/icon.tsx';

/** Which control layers the next pictures follow, and which visible ones they do not, with the reason. */
export function FollowedMaps({ canvas }: { readonly canvas: Pick<CanvasModel, 'layers' | 'frame'> }) {
  const editor = useEditor();
  const { layers, frame } = useDeferredValue(canvas);
  // Looking for paint under the frame costs milliseconds, so only when a layer or the frame changed.
  const followed = useMemo(() => countedControls({ layers, frame }), [layers, frame]);
  const counted = new Set(followed.flatMap((control) => control.layers.map(({ id }) => id)));
  const ignored = layers.filter(
    (layer): layer is ControlLayer => layer.kind === 'control' && !layer.hidden && !counted.has(layer.id),
  );
  if (followed.length === 0 && ignored.length === 0) return null;
  const select = (ids: readonly LayerId[]) => editor.selection.set(ids);
  return (
    <section aria-label="Control maps" className="flex flex-col gap-1 text-13">
      <h3 className="text-13 text-ink">Follows</h3>
      {followed.length === 0 ? <p className="text-12 text-ink-soft">No map: see below.</p> : null}
      <ul className="flex flex-col">
        {followed.map((control) => (
          <li key={control.layers.map(({ id }) => id).join(' ')}>
            <button
              className="flex min-h-7 w-full items-center gap-2 rounded-small px-1 text-left hover:bg-hover coarse:min-h-11"
              onClick={() => select(control.layers.map(({ id }) => id))}
              type="button"
            >
              <Icon className="text-ink-soft" name={iconOf(control)} />
              <span className="min-w-0 flex-1 truncate">{nameOf(control)}</span>
              <span className="shrink-0 text-12 text-ink-soft tabular-nums">{settingsOf(control)}</span>
            </button>
          </li>
        ))}
        {ignored.map((layer) => (
          <li key={layer.id}>
            <button
              className="flex min-h-7 w-full items-center gap-2 rounded-small px-1 text-left text-ink-soft hover:bg-hover coarse:min-h-11"
              onClick={() => select([layer.id])}
              type="button"
            >
              <Icon name="eye-off" />
              <span className="min-w-0 flex-1 truncate">{layer.name}</span>
              <span className="shrink-0 text-12">
                {layer.strength === 0 ? 'strength is 0 %' : 'nothing in the frame'}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Of an edit by instruction: that it follows neither the maps nor the reference that there are. */
export function FollowsNothing({ canvas }: { readonly canvas: Pick<CanvasModel, 'layers' | 'reference'> }) {
  const hasMaps = canvas.layers.some((layer) => layer.kind === 'control' && !layer.hidden);
  const given = [
    ...(hasMaps ? ['the control maps'] : []),
    ...(canvas.reference === null ? [] : ['the reference']),
  ];
  if (given.length === 0) return null;
  return (
    <p className="text-12 text-ink-soft">
      An edit by instruction follows its words alone, not {given.join(' or ')}.
    </p>
  );
}

function iconOf({ kind }: CountedControl) {
  switch (kind) {
    case 'edge':
      return 'edges';
    case 'scribble':
      return 'scribble';
    case 'segmentation':
      return 'regions';
    case 'depth':
      return 'layers';
    case 'pose':
      return 'person';
  }
}

function nameOf({ kind, layers }: CountedControl): string {
  const [only] = layers;
  if (layers.length === 1 && only !== undefined) return only.name;
  return `${controlWords[kind].name}: ${layers.length} layers`;
}

function settingsOf({ strength, range: [start, end] }: CountedControl): string {
  const steps = start === 0 && end === 1 ? '' : `, steps ${percent(start)}–${percent(end)} %`;
  return `${percent(strength)} %${steps}`;
}

'use client';

import { type DragEvent, useRef, useState } from 'react';
import { contentHashSchema, type Reference } from '../../../shared/document/schema.ts';
import { uploadAsset } from '../../_client/upload.ts';
import { followSelected, selectedPicture } from '../../_editor/core/actions/reference.ts';
import { applyCommands } from '../../_editor/core/editor.ts';
import { useEditor, useReadable } from '../../_editor/ui/editor-context.ts';
import { PictureThumbnail } from '../../_editor/ui/layer-thumbnail.tsx';
import { classNames } from '../../_ui/class-names.ts';
import { Icon } from '../../_ui/icon.tsx';
import { IconButton } from '../../_ui/icon-button.tsx';
import { Menu } from '../../_ui/menu.tsx';
import { Spinner } from '../../_ui/progress.tsx';
import { Slider } from '../../_ui/slider.tsx';
import { useCanvas } from '../canvas/canvas-context.tsx';
import { useProblem } from '../use-problem.ts';

interface ReferenceFieldProps {
  readonly reference: Reference | null;
  /** Whether the pack follows reference pictures. */
  readonly canFollow: boolean;
}

/** The picture whose look the next ones follow: chosen from a file, dropped here, or taken from a layer. */
export function ReferenceField({ reference, canFollow }: ReferenceFieldProps) {
  const { canvasId, readOnly } = useCanvas();
  const editor = useEditor();
  const showProblem = useProblem();
  const input = useRef<HTMLInputElement>(null);
  const [storing, setStoring] = useState<string | null>(null);
  const [over, setOver] = useState(false);
  const canChoose = canFollow && !readOnly && storing === null;
  if (reference === null && (!canFollow || readOnly)) return null;

  async function take(file: File | undefined) {
    if (file === undefined || !canChoose) return;
    setStoring(file.name);
    try {
      const { hash } = await uploadAsset({ canvasId, file });
      const name = file.name.replace(/\.[a-z0-9]+$/i, '').slice(0, 60) || 'Picture';
      const picture = { asset: contentHashSchema.parse(hash), name };
      applyCommands(editor, 'Use as reference', [{ type: 'set-reference', picture }]);
      editor.announcement.set(`The next pictures follow ${name}.`);
    } catch (error) {
      showProblem(error);
    } finally {
      setStoring(null);
    }
  }

  function onDrag(event: DragEvent) {
    if (!canChoose || !event.dataTransfer.types.includes('Files')) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = 'copy';
    setOver(true);
  }

  return (
    <section
      aria-label="Reference picture"
      className={classNames(
        'flex flex-col gap-2 rounded-control',
        over && 'outline-2 outline-offset-4 outline-accent outline-dashed',
      )}
      onDragLeave={() => setOver(false)}
      onDragOver={onDrag}
      onDrop={(event) => {
        setOver(false);
        if (!canChoose) return;
        event.preventDefault();
        void take(event.dataTransfer.files[0]);
      }}
    >
      <input
        accept="image/*"
        aria-label="Reference picture file"
        className="hidden"
        onChange={(event) => {
          void take(event.target.files?.[0]);
          event.target.value = '';
        }}
        ref={input}
        type="file"
      />
      {storing !== null ? (
        <p className="flex h-7 min-w-0 items-center gap-2 text-13 text-ink-soft" role="status">
          <Spinner />
          <span className="min-w-0 truncate">Storing {storing}</span>
        </p>
      ) : reference === null ? (
        <AddReference onFile={() => input.current?.click()} />
      ) : (
        <Followed canFollow={canFollow} reference={reference} />
      )}
    </section>
  );
}

/** The two ways to a reference picture; a third is to drop a file on it. */
function AddReference({ onFile }: { readonly onFile: () => void }) {
  const editor = useEditor();
  useReadable(editor.selection);
  useReadable(editor.document.model);
  return (
    <Menu
      align="start"
      entries={[
        { kind: 'label', id: 'what', label: 'A picture whose look is followed' },
        { id: 'file', label: 'Choose a file…', icon: 'upload', onSelect: onFile },
        {
          id: 'layer',
          label: 'Use the selected picture',
          icon: 'image',
          disabled: selectedPicture(editor) === null,
          onSelect: () => followSelected(editor),
        },
      ]}
      trigger={
        <button
          className="-my-1 -ml-1 flex h-7 items-center gap-1 self-start rounded-small pr-2 pl-1 text-13 text-ink-soft hover:text-ink coarse:h-11"
          type="button"
        >
          <Icon name="plus" />
          Follow a reference picture
        </button>
      }
    />
  );
}

/** The reference that is there: what it is, how strongly it is followed, and the way out. */
function Followed({ reference, canFollow }: ReferenceFieldProps & { readonly reference: Reference }) {
  const { readOnly } = useCanvas();
  const editor = useEditor();
  const [dragged, setDragged] = useState<number | null>(null);
  const { asset, name, strength } = reference;
  return (
    <>
      <h3 className="text-13 text-ink">Reference</h3>
      <div className="flex items-center gap-2">
        <span className="chequer flex size-10 shrink-0 items-center justify-center overflow-hidden rounded-small outline outline-line">
          <PictureThumbnail asset={asset} />
        </span>
        <span className="min-w-0 flex-1">
          <span className="block truncate text-13" title={name}>
            {name}
          </span>
          {canFollow ? null : (
            <span className="block text-12 text-ink-soft">This model follows no reference picture.</span>
          )}
        </span>
        {readOnly ? null : (
          <IconButton
            icon="close"
            label="Remove the reference picture"
            onClick={() => {
              applyCommands(editor, 'Remove reference', [{ type: 'set-reference', picture: null }]);
              editor.announcement.set('The next pictures follow no reference.');
            }}
            side="left"
            size="small"
          />
        )}
      </div>
      {canFollow ? (
        <Slider
          disabled={readOnly}
          hint="How closely the picture follows what the reference shows. 0 % ignores it."
          label="Reference strength"
          max={1}
          min={0}
          onChange={setDragged}
          onCommit={(next) => {
            setDragged(null);
            applyCommands(editor, 'Change reference strength', [
              { type: 'set-reference-strength', strength: next },
            ]);
          }}
          scale={100}
          step={0.05}
          unit="%"
          value={dragged ?? Math.min(strength, 1)}
        />
      ) : null}
    </>
  );
}

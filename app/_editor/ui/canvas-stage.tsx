'use client';

import { type DragEvent, useEffect, useRef, useState } from 'react';
import { classNames } from '../../_ui/class-names.ts';
import { type Insets, toCanvas } from '../core/camera.ts';
import { pointerOnCanvas } from '../core/input-router.ts';
import type { Scene } from '../render/scene.ts';
import type { CandidateView, FramePreview } from '../render/scene-state.ts';
import { BrushBar } from './brush-bar.tsx';
import { cursorStyle } from './cursor-style.ts';
import { type EditorParts, useEditorParts, useReadable } from './editor-context.ts';
import { EmptyHint } from './empty-hint.tsx';
import { stageId } from './focus-stage.ts';
import { LiveRegion } from './live-region.tsx';
import { middleOnCanvas } from './middle-on-canvas.ts';
import { listenToPointers } from './pointer-events.ts';

interface CanvasStageProps {
  /** The generation under way in the frame, shown to everybody. */
  readonly framePreview?: FramePreview | null;
  /** The candidate that is looked at, shown in its place. */
  readonly candidate?: CandidateView | null;
  /** Edges that panels cover: what is fitted goes into the free part. */
  readonly insets?: Partial<Insets>;
  readonly className?: string;
}

/** The infinite canvas. Fills its parent, which must have a size. */
export function CanvasStage({ framePreview = null, candidate = null, insets, className }: CanvasStageProps) {
  const parts = useEditorParts();
  const { editor } = parts;
  const container = useRef<HTMLDivElement>(null);
  const sheets = useRef<HTMLDivElement>(null);
  const [scene, setScene] = useState<Scene | null>(null);
  const [isDropTarget, setDropTarget] = useState(false);
  const [hasRing, setRing] = useState(false);
  const cameByTab = useTabKey();
  const cursor = useReadable(editor.cursor);
  const { top = 56, right = 24, bottom = 24, left = 24 } = insets ?? {};

  useEffect(() => editor.insets.set({ top, right, bottom, left }), [editor, top, right, bottom, left]);
  useScene(parts, sheets, setScene);
  useEffect(() => {
    const element = container.current;
    return element === null ? undefined : listenToPointers(element, parts);
  }, [parts]);
  useEffect(() => scene?.setPreview(framePreview), [scene, framePreview]);
  useEffect(() => scene?.setCandidate(candidate), [scene, candidate]);
  usePaste(parts);

  function onDrop(event: DragEvent) {
    event.preventDefault();
    setDropTarget(false);
    const files = [...event.dataTransfer.files];
    if (files.length === 0) return;
    const box = event.currentTarget.getBoundingClientRect();
    const point = { x: event.clientX - box.left, y: event.clientY - box.top };
    parts.placeFiles(files, toCanvas(editor.camera.get(), point));
  }

  return (
    <section
      aria-label="Canvas"
      className={classNames('absolute inset-0 overflow-hidden bg-ground select-none', className)}
      onDragLeave={() => setDropTarget(false)}
      onDragOver={(event) => {
        if (![...event.dataTransfer.types].includes('Files')) return;
        event.preventDefault();
        event.dataTransfer.dropEffect = 'copy';
        setDropTarget(true);
      }}
      onDrop={onDrop}
    >
      <div
        aria-label="Drawing surface. Layers can be reached and moved in the layers panel."
        className="absolute inset-0 touch-none outline-none data-[ring]:outline-2 data-[ring]:outline-solid data-[ring]:outline-offset-[-3px] data-[ring]:outline-focus"
        data-ring={hasRing || undefined}
        id={stageId}
        onBlur={() => setRing(false)}
        onFocus={() => setRing(cameByTab())}
        ref={container}
        role="application"
        style={{ cursor: cursorStyle(cursor) }}
        tabIndex={0}
      >
        <div className="absolute inset-0" ref={sheets} />
      </div>
      {isDropTarget ? (
        <div className="pointer-events-none absolute inset-2 animate-fade rounded-control border-2 border-dashed border-accent" />
      ) : null}
      <BrushBar />
      <EmptyHint isBusy={framePreview !== null || candidate !== null} />
      <LiveRegion />
    </section>
  );
}

function useScene(
  parts: EditorParts,
  sheets: { readonly current: HTMLDivElement | null },
  setScene: (scene: Scene | null) => void,
): void {
  useEffect(() => {
    const element = sheets.current;
    if (element === null) return undefined;
    const { editor, pictures, remoteInk, uploads } = parts;
    let scene: Scene | undefined;
    let isGone = false;
    const measure = () => {
      editor.viewport.set({ width: element.clientWidth, height: element.clientHeight });
      scene?.resize();
    };
    const sizes = new ResizeObserver(measure);
    const themes = new MutationObserver(() => scene?.themeChanged());

    // Konva touches the window when it is loaded, so it must not be part of the server's page.
    void import('../render/scene.ts').then(({ createScene }) => {
      if (isGone) return;
      const reducedMotion = matchMedia('(prefers-reduced-motion: reduce)').matches;
      scene = createScene({ container: element, editor, pictures, remoteInk, uploads, reducedMotion });
      measure();
      sizes.observe(element);
      themes.observe(document.documentElement, { attributeFilter: ['data-theme', 'class'] });
      setScene(scene);
    });
    return () => {
      isGone = true;
      sizes.disconnect();
      themes.disconnect();
      scene?.destroy();
      setScene(null);
    };
  }, [parts, sheets, setScene]);
}

/** A picture on the clipboard lands under the pointer, or in the middle of the view. */
function usePaste(parts: EditorParts): void {
  useEffect(() => {
    function onPaste(event: ClipboardEvent): void {
      const target = event.target;
      if (target instanceof HTMLElement && (target.isContentEditable || target.matches('input, textarea')))
        return;
      const files = [...(event.clipboardData?.files ?? [])];
      if (files.length === 0) return;
      event.preventDefault();
      parts.placeFiles(files, pointerOnCanvas(parts.editor) ?? middleOnCanvas(parts.editor));
    }
    window.addEventListener('paste', onPaste);
    return () => window.removeEventListener('paste', onPaste);
  }, [parts]);
}

/**
 * Tells whether the focus came by the Tab key. A press gives the stage the focus too, and a browser may then show a ring
 * because of the last shortcut; a ring around the whole canvas while painting says nothing.
 */
function useTabKey(): () => boolean {
  const isTab = useRef(false);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      isTab.current = event.key === 'Tab';
    };
    const onPointer = () => {
      isTab.current = false;
    };
    window.addEventListener('keydown', onKey, true);
    window.addEventListener('pointerdown', onPointer, true);
    return () => {
      window.removeEventListener('keydown', onKey, true);
      window.removeEventListener('pointerdown', onPointer, true);
    };
  }, []);
  return () => isTab.current;
}

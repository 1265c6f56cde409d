'use client';

import { useEffect, useRef, useState } from 'react';
import { toScreen } from '../../_editor/core/camera.ts';
import { useCanvasModel, useEditor, useReadable } from '../../_editor/ui/editor-context.ts';
import { placeUnderFrame } from '../canvas/frame-anchor.ts';
import { useCanvas } from '../canvas/canvas-context.tsx';
import { CandidateStrip } from './candidate-strip.tsx';
import type { CandidatesState } from './use-candidates.ts';

/** Holds the strip under the frame, wherever the canvas is panned to, and always on the stage. */
export function StripDock({
  state,
  bottom,
  left,
  gap,
}: {
  readonly state: CandidatesState;
  /** Pixels at the lower edge of the stage that something else covers. */
  readonly bottom: number;
  /** The same at its left edge. */
  readonly left: number;
  /** Pixels between the frame and the strip: more while the frame's own label stands there. */
  readonly gap: number;
}) {
  const { readOnly } = useCanvas();
  const editor = useEditor();
  const { frame } = useCanvasModel();
  const dragged = useReadable(editor.frameDrag);
  const camera = useReadable(editor.camera);
  const viewport = useReadable(editor.viewport);
  const box = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ w: 0, h: 0 });

  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const sizes = new ResizeObserver(() => setSize({ w: element.offsetWidth, h: element.offsetHeight }));
    sizes.observe(element);
    return () => sizes.disconnect();
  }, []);

  const [x, y, width, height] = dragged ?? frame;
  const corner = toScreen(camera, { x, y });
  const place = placeUnderFrame(
    { x: corner.x - left, y: corner.y, w: width * camera.zoom, h: height * camera.zoom },
    { w: viewport.width - left, h: viewport.height - bottom },
    { ...size, gap },
  );
  return (
    <div
      className="absolute top-0 left-0 z-10"
      ref={box}
      style={{
        // Room for nine pictures; more of them scroll.
        maxWidth: `min(calc(100% - ${left + 24}px), 656px)`,
        transform: `translate(${Math.round(place.x + left)}px, ${Math.round(place.y)}px)`,
        visibility: size.w === 0 || viewport.width === 0 ? 'hidden' : undefined,
      }}
    >
      <CandidateStrip
        actions={state.actions}
        candidates={state.candidates}
        comparing={state.comparing}
        lookedAt={state.lookedAt}
        readOnly={readOnly}
      />
    </div>
  );
}

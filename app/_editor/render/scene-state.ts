import type { CanvasModel, LayerId, Rect, Transform } from '../../../shared/document/schema.ts';
import type { Camera, Viewport } from '../core/camera.ts';
import type { Dragged } from '../core/layer-geometry.ts';
import type { CanvasTheme } from './theme.ts';

/** A picture being made, shown in the frame for everybody. */
export interface FramePreview {
  /** The newest preview; null before the first one. */
  readonly imageUrl: string | null;
  readonly step: number;
  readonly steps: number;
  /** Who is waiting for what: "Ada: a red fox". */
  readonly label?: string;
  /** Where it will land; the frame as it is when left out. */
  readonly rect?: Rect;
}

/** A finished picture shown in its place without being a layer yet. */
export interface CandidateView {
  readonly url: string;
  readonly rect: Rect;
  /** Of a picture that takes a layer's place instead of filling `rect`: its pixels, and where they lie. */
  readonly placed?: {
    readonly transform: Transform;
    readonly width: number;
    readonly height: number;
  };
}

/** What the drawing functions read. */
export interface SceneState {
  readonly model: CanvasModel;
  readonly camera: Camera;
  readonly viewport: Viewport;
  readonly theme: CanvasTheme;
  /** Own and others' layers in mid-drag; one's own win. */
  readonly dragged: Dragged;
  readonly frame: Rect;
}

export function mergeDrags(
  own: Dragged,
  others: readonly (Readonly<Record<string, Transform>> | null)[],
  model: CanvasModel,
): Dragged {
  if (own === null && others.every((drag) => drag === null)) return null;
  const merged = new Map<LayerId, Transform>();
  for (const drag of others) {
    if (drag === null) continue;
    for (const layer of model.layers) {
      const transform = drag[layer.id];
      if (transform !== undefined) merged.set(layer.id, transform);
    }
  }
  for (const [id, transform] of own ?? []) merged.set(id, transform);
  return merged;
}

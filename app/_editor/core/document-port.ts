import type {
  BlendMode,
  CanvasModel,
  ContentHash,
  LayerId,
  OutputId,
  Rect,
  Stroke,
  Transform,
} from '../../../shared/document/schema.ts';
import type { Readable } from './store.ts';

/** What can be set on a layer without knowing its kind. `inverted` counts for masks only. */
export interface LayerPatch {
  readonly name?: string;
  readonly transform?: Transform;
  readonly opacity?: number;
  readonly blend?: BlendMode;
  readonly hidden?: boolean;
  readonly locked?: boolean;
  readonly inverted?: boolean;
}

/** One change to the document, as data. Ids of new layers come with the command, so that the caller knows them. */
export type Command =
  | {
      readonly type: 'add-image';
      readonly id: LayerId;
      readonly name: string;
      readonly asset: ContentHash;
      readonly width: number;
      readonly height: number;
      readonly transform: Transform;
    }
  | { readonly type: 'add-mask'; readonly id: LayerId; readonly name: string }
  | { readonly type: 'patch-layer'; readonly id: LayerId; readonly patch: LayerPatch }
  /** Moves layers to `place` (0 = bottom) among those that stay, keeping their own order. */
  | { readonly type: 'reorder'; readonly ids: readonly LayerId[]; readonly place: number }
  | { readonly type: 'delete-layer'; readonly id: LayerId }
  | {
      readonly type: 'duplicate-layer';
      readonly id: LayerId;
      readonly copyId: LayerId;
      readonly offset: number;
    }
  | { readonly type: 'add-stroke'; readonly id: LayerId; readonly stroke: Stroke }
  | { readonly type: 'clear-mask'; readonly id: LayerId }
  | { readonly type: 'set-frame'; readonly rect: Rect }
  /** Makes an image layer of the candidate, at its rectangle, above the pictures and below the masks. */
  | { readonly type: 'accept-candidate'; readonly id: OutputId; readonly layerId: LayerId }
  | { readonly type: 'discard-candidate'; readonly id: OutputId };

/** What undo and redo would do next; null when there is nothing. The labels read like "Move layer". */
export interface HistoryState {
  readonly undo: string | null;
  readonly redo: string | null;
}

/**
 * All that the editor knows about the shared document. Everything written by one `apply` is one transaction for the
 * others and one step of this person's undo.
 */
export interface DocumentPort {
  readonly model: Readable<CanvasModel>;
  readonly history: Readable<HistoryState>;
  /** False for viewers: `apply`, `undo` and `redo` then do nothing. */
  readonly canEdit: Readable<boolean>;
  apply(label: string, commands: readonly Command[]): void;
  undo(): void;
  redo(): void;
}

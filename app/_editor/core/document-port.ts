import type { ControlKind, ControlRange } from '../../../shared/contracts/recipe.ts';
import type {
  BlendMode,
  CanvasModel,
  ContentHash,
  LayerId,
  OutputId,
  Rect,
  ReferencePicture,
  Stroke,
  Transform,
} from '../../../shared/document/schema.ts';
import type { Readable } from './store.ts';

/** What can be set on a layer without knowing its kind. `inverted` counts for masks only, the last four for control layers. */
export interface LayerPatch {
  readonly name?: string;
  readonly transform?: Transform;
  readonly opacity?: number;
  readonly blend?: BlendMode;
  readonly hidden?: boolean;
  readonly locked?: boolean;
  readonly inverted?: boolean;
  readonly map?: ControlKind;
  readonly region?: number;
  readonly strength?: number;
  readonly range?: ControlRange;
}

/** What a new control layer is. */
export interface NewControl {
  readonly name: string;
  readonly map: ControlKind;
  readonly transform: Transform;
  readonly region?: number;
  /** A stored picture under the paint. */
  readonly picture?: { readonly asset: ContentHash; readonly width: number; readonly height: number };
  /** Paint that is there from the start, by tile. */
  readonly tiles?: ReadonlyMap<string, ContentHash>;
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
  | ({ readonly type: 'add-control'; readonly id: LayerId } & NewControl)
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
  /** Removes the paint of a mask or control layer. */
  | { readonly type: 'clear-paint'; readonly id: LayerId }
  | { readonly type: 'set-frame'; readonly rect: Rect }
  /** The picture that is followed, as strongly as before; null follows none. */
  | { readonly type: 'set-reference'; readonly picture: ReferencePicture | null }
  | { readonly type: 'set-reference-strength'; readonly strength: number }
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

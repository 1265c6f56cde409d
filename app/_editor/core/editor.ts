import {
  type CanvasModel,
  type Layer,
  type LayerId,
  layerIdSchema,
  type OutputId,
  type Rect,
  type Transform,
} from '../../../shared/document/schema.ts';
import type { Box } from '../../../shared/geometry/box.ts';
import type { Guide } from '../../../shared/geometry/snapping.ts';
import type { ScreenPoint } from '../../../shared/geometry/point.ts';
import type { StrokePainter } from '../../../shared/raster/stroke-painter.ts';
import type { StrokePoint } from '../../../shared/raster/stroke-points.ts';
import type { Camera, Insets, Viewport } from './camera.ts';
import type { Command, DocumentPort } from './document-port.ts';
import type { PresencePort } from './presence-port.ts';
import { createStore, type Store } from './store.ts';
import type { ToolMachine } from './tool-machine.ts';

/** Who is editing. */
export interface Person {
  readonly userId: string;
  readonly name: string;
}

export interface BrushSettings {
  /** Diameter in canvas pixels at full pressure. */
  readonly size: number;
  readonly opacity: number;
  /** 0 soft … 1 hard edge. */
  readonly hardness: number;
}

/** A stroke of one's own in the making. A new object whenever ink was added, so that stores notice. */
export interface Ink {
  readonly strokeId: string;
  readonly layerId: LayerId;
  /** True while the mask it will lie on does not exist yet. */
  readonly onNewMask: boolean;
  readonly painter: StrokePainter;
}

/** A message for the person: shown as a toast, or only read out. */
export interface Notice {
  readonly tone: 'plain' | 'problem';
  readonly text: string;
  readonly detail?: string;
  readonly undoable?: boolean;
}

/** How the pointer looks over the stage: CSS names, and two that are drawn on the canvas. */
export type Cursor =
  | 'default'
  | 'move'
  | 'grab'
  | 'grabbing'
  | 'crosshair'
  | 'zoom-in'
  | 'zoom-out'
  | 'not-allowed'
  | 'brush'
  | { readonly kind: 'resize'; readonly degrees: number }
  | { readonly kind: 'rotate' };

/**
 * The state of one open canvas in one browser tab. Plain stores without methods: tools, actions, drawing and React are
 * functions of it. Only `document` is shared and kept; the rest is this tab's own.
 */
export interface Editor {
  readonly person: Person;
  readonly document: DocumentPort;
  readonly presence: PresencePort;
  readonly tools: ToolMachine;
  readonly camera: Store<Camera>;
  readonly viewport: Store<Viewport>;
  /** Edges of the stage that panels cover. */
  readonly insets: Store<Insets>;
  readonly selection: Store<readonly LayerId[]>;
  readonly brush: Store<BrushSettings>;
  readonly eraser: Store<BrushSettings>;
  /** The mask that took the last stroke, and where the stroke ended in the mask's own pixels. */
  readonly lastStroke: Store<{ readonly layerId: LayerId; readonly end: StrokePoint } | null>;
  /** Where layers in mid-drag are, instead of where the document has them. */
  readonly drag: Store<ReadonlyMap<LayerId, Transform> | null>;
  readonly frameDrag: Store<Rect | null>;
  readonly marquee: Store<Box | null>;
  readonly guides: Store<readonly Guide[]>;
  readonly ink: Store<Ink | null>;
  readonly pointer: Store<ScreenPoint | null>;
  readonly cursor: Store<Cursor>;
  /** The layer under the mouse, outlined. */
  readonly hovered: Store<LayerId | null>;
  /** The layer whose name is being edited. */
  readonly renaming: Store<LayerId | null>;
  /** Client id of the person whose view this tab follows. */
  readonly following: Store<number | null>;
  /** The candidate shown in the frame. */
  readonly looking: Store<OutputId | null>;
  /** Whether the pack that is set follows a reference picture. */
  readonly followsReference: Store<boolean>;
  /** Whether the pack that is set makes pictures larger. */
  readonly enlarges: Store<boolean>;
  /** Whether others may see this pointer and selection. */
  readonly visible: Store<boolean>;
  /** What a screen reader reads out next. */
  readonly announcement: Store<string>;
  notify(notice: Notice): void;
  newId(): string;
  now(): number;
  /** Runs when the editor is closed. */
  onDispose(undo: () => void): void;
  dispose(): void;
}

interface EditorOptions {
  readonly person: Person;
  readonly document: DocumentPort;
  readonly presence: PresencePort;
  readonly createTools: (editor: Editor) => ToolMachine;
  readonly notify: (notice: Notice) => void;
  readonly newId: () => string;
  /** Milliseconds on a steady clock. */
  readonly now: () => number;
}

export function createEditor(options: EditorOptions): Editor {
  const undos: (() => void)[] = [];
  let tools: ToolMachine | undefined;
  const editor: Editor = {
    person: options.person,
    document: options.document,
    presence: options.presence,
    get tools() {
      if (tools === undefined) throw new Error('a tool asked for the tools while they were being made');
      return tools;
    },
    camera: createStore<Camera>({ x: -128, y: -128, zoom: 1 }),
    viewport: createStore<Viewport>({ width: 0, height: 0 }),
    insets: createStore<Insets>({ top: 24, right: 24, bottom: 24, left: 24 }),
    selection: createStore<readonly LayerId[]>([]),
    brush: createStore<BrushSettings>({ size: 48, opacity: 1, hardness: 0.8 }),
    eraser: createStore<BrushSettings>({ size: 48, opacity: 1, hardness: 0.8 }),
    lastStroke: createStore<{ readonly layerId: LayerId; readonly end: StrokePoint } | null>(null),
    drag: createStore<ReadonlyMap<LayerId, Transform> | null>(null),
    frameDrag: createStore<Rect | null>(null),
    marquee: createStore<Box | null>(null),
    guides: createStore<readonly Guide[]>([]),
    ink: createStore<Ink | null>(null),
    pointer: createStore<ScreenPoint | null>(null),
    cursor: createStore<Cursor>('default'),
    hovered: createStore<LayerId | null>(null),
    renaming: createStore<LayerId | null>(null),
    following: createStore<number | null>(null),
    looking: createStore<OutputId | null>(null),
    followsReference: createStore(false),
    enlarges: createStore(false),
    visible: createStore(true),
    announcement: createStore(''),
    notify: options.notify,
    newId: options.newId,
    now: options.now,
    onDispose: (undo) => {
      undos.push(undo);
    },
    dispose() {
      for (const undo of undos.splice(0).reverse()) undo();
    },
  };
  tools = options.createTools(editor);
  return editor;
}

export function modelOf(editor: Editor): CanvasModel {
  return editor.document.model.get();
}

export function findLayer(editor: Editor, id: LayerId | null): Layer | undefined {
  return id === null ? undefined : modelOf(editor).layers.find((layer) => layer.id === id);
}

/** The selected layers that exist, bottom first. */
export function selectedLayers(editor: Editor): readonly Layer[] {
  const selection = new Set(editor.selection.get());
  return modelOf(editor).layers.filter((layer) => selection.has(layer.id));
}

/** The selected layers that may be changed. */
export function editableSelection(editor: Editor): readonly Layer[] {
  return editor.document.canEdit.get() ? selectedLayers(editor).filter((layer) => !layer.locked) : [];
}

/** Writes to the document, unless nothing would be written. */
export function applyCommands(editor: Editor, label: string, commands: readonly Command[]): void {
  if (commands.length > 0) editor.document.apply(label, commands);
}

export function newLayerId(editor: Editor): LayerId {
  return layerIdSchema.parse(editor.newId());
}

import * as Y from 'yjs';
import { initialiseCanvas } from '../../../shared/document/canvas.ts';
import {
  type CanvasModel,
  contentHashSchema,
  type Layer,
  type LayerId,
  layerIdSchema,
  type Transform,
} from '../../../shared/document/schema.ts';
import { screenPoint } from '../../../shared/geometry/point.ts';
import { editorActions } from '../core/actions/all.ts';
import { actionForKey, perform } from '../core/action.ts';
import { createEditor, type Editor, modelOf, type Notice } from '../core/editor.ts';
import { type KeyInput, type Modifiers, noModifiers, type PointerInput } from '../core/input.ts';
import { createInputRouter, type InputRouter } from '../core/input-router.ts';
import { emptyPresence, type Peer, type PresenceState } from '../core/presence-port.ts';
import { createStore, type Store } from '../core/store.ts';
import type { ToolState } from '../core/tool.ts';
import { createCanvasDocument } from '../document/canvas-document.ts';
import { createTools } from '../tools/registry.ts';

type Press = Partial<Modifiers & Pick<PointerInput, 'pointerId' | 'device' | 'button' | 'pressure' | 'time'>>;

/**
 * An editor without a browser, for tests that read like what a hand does: the camera stands at the origin at 100 %, so
 * screen and canvas pixels are the same until a test moves it.
 */
export interface TestEditor {
  readonly editor: Editor;
  readonly doc: Y.Doc;
  readonly router: InputRouter;
  readonly notices: readonly Notice[];
  readonly shown: () => PresenceState;
  readonly peers: Store<readonly Peer[]>;
  readonly canEdit: Store<boolean>;
  model(): CanvasModel;
  layer(id: LayerId): Layer;
  state(): ToolState['path'];
  addImage(options?: {
    x?: number;
    y?: number;
    width?: number;
    height?: number;
    transform?: Transform;
  }): LayerId;
  addMask(): LayerId;
  down(x: number, y: number, press?: Press): TestEditor;
  move(x: number, y: number, press?: Press): TestEditor;
  up(x?: number, y?: number, press?: Press): TestEditor;
  /** Down, a few moves, up. */
  drag(from: readonly [number, number], to: readonly [number, number], press?: Press): TestEditor;
  click(x: number, y: number, press?: Press): TestEditor;
  /** A key with its modifiers, written like a shortcut: `Mod+Z`. Returns whether an action took it. */
  key(shortcut: string): boolean;
}

export function createTestEditor(
  options: { readonly doc?: Y.Doc; readonly userId?: string } = {},
): TestEditor {
  const { doc = new Y.Doc(), userId = 'tester' } = options;
  if (doc.getMap('meta').size === 0) initialiseCanvas(doc, '');
  let lastId = 0;
  const newId = () => {
    lastId += 1;
    return `${userId}-${lastId}`;
  };
  const notices: Notice[] = [];
  const peers = createStore<readonly Peer[]>([]);
  let shown = emptyPresence;
  let time = 0;
  const canEdit = createStore(true);
  const editor = createEditor({
    person: { userId, name: userId },
    document: createCanvasDocument({ doc, canEdit }),
    presence: {
      peers,
      show: (change) => {
        shown = { ...shown, ...change };
      },
    },
    createTools,
    notify: (notice) => notices.push(notice),
    newId,
    now: () => time,
  });
  editor.camera.set({ x: 0, y: 0, zoom: 1 });
  editor.viewport.set({ width: 1_000, height: 800 });
  const router = createInputRouter(editor);
  let last: readonly [number, number] = [0, 0];

  function input(x: number, y: number, press: Press): PointerInput {
    time += 16;
    last = [x, y];
    const point = screenPoint(x, y);
    const pressure = press.pressure ?? 1;
    return {
      ...noModifiers,
      pointerId: 1,
      device: 'mouse',
      button: 'main',
      time,
      ...press,
      point,
      pressure,
      samples: [{ point, pressure }],
    };
  }

  const test: TestEditor = {
    editor,
    doc,
    router,
    notices,
    peers,
    canEdit,
    shown: () => shown,
    model: () => modelOf(editor),
    layer(id) {
      const layer = modelOf(editor).layers.find((candidate) => candidate.id === id);
      if (layer === undefined) throw new Error(`there is no layer ${id}`);
      return layer;
    },
    state: () => editor.tools.state.get().path,
    addImage({ x = 0, y = 0, width = 100, height = 100, transform: given } = {}) {
      const transform: Transform = given ?? [x, y, 1, 1, 0];
      const id = layerIdSchema.parse(newId());
      const asset = contentHashSchema.parse('a'.repeat(64));
      editor.document.apply('Add picture', [
        { type: 'add-image', id, name: 'Picture', asset, width, height, transform },
      ]);
      return id;
    },
    addMask() {
      const id = layerIdSchema.parse(newId());
      editor.document.apply('New mask', [{ type: 'add-mask', id, name: 'Mask' }]);
      return id;
    },
    down(x, y, press = {}) {
      router.pointerDown(input(x, y, press));
      return test;
    },
    move(x, y, press = {}) {
      router.pointerMove(input(x, y, press));
      return test;
    },
    up(x = last[0], y = last[1], press = {}) {
      router.pointerUp(input(x, y, press));
      return test;
    },
    drag([fromX, fromY], [toX, toY], press = {}) {
      test.move(fromX, fromY, press).down(fromX, fromY, press);
      for (let i = 1; i <= 4; i += 1) {
        test.move(fromX + ((toX - fromX) * i) / 4, fromY + ((toY - fromY) * i) / 4, press);
      }
      return test.up(toX, toY, press);
    },
    click: (x, y, press = {}) => test.move(x, y, press).down(x, y, press).up(x, y, press),
    key(shortcut) {
      const parts = shortcut.split('+');
      const key = parts.at(-1) ?? '';
      const pressed: KeyInput = {
        key: key === 'Plus' ? '+' : key,
        code: '',
        repeat: false,
        mod: parts.includes('Mod'),
        shift: parts.includes('Shift'),
        alt: parts.includes('Alt'),
      };
      const action = actionForKey(editorActions, editor, pressed);
      return action !== undefined && perform(action, editor);
    },
  };
  return test;
}

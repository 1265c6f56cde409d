import Konva from 'konva';
import type { Box } from '../../../shared/geometry/box.ts';
import { createStore, type Readable, subscribeAll } from '../core/store.ts';
import { type Editor, editableSelection, findLayer, modelOf, selectedLayers } from '../core/editor.ts';
import { selectionBox } from '../core/layer-geometry.ts';
import type { RemoteInk } from '../core/remote-ink.ts';
import { createAfterimage } from './afterimage.ts';
import { drawFrame, drawFrameContent, type LoadedImage } from './draw-frame.ts';
import { drawSelection } from './draw-handles.ts';
import { drawMasks, type LiveStroke, type MaskSheet } from './draw-masks.ts';
import {
  drawBrushCursor,
  drawGuides,
  drawHover,
  drawMarquee,
  drawPeerCursors,
  drawPeerSelections,
  drawUpload,
} from './draw-overlay.ts';
import { drawPictures } from './draw-pictures.ts';
import { createMaskTileCache } from './mask-tiles.ts';
import { createPeerCursors } from './peer-cursors.ts';
import type { PictureStore } from './pictures.ts';
import { type CandidateView, type FramePreview, mergeDrags, type SceneState } from './scene-state.ts';
import { type CanvasTheme, readTheme } from './theme.ts';

/** What is seen on the stage. It reads the editor and draws; it changes nothing. */
export interface Scene {
  setPreview(preview: FramePreview | null): void;
  setCandidate(candidate: CandidateView | null): void;
  /** Reads the tokens again after the theme changed. */
  themeChanged(): void;
  resize(): void;
  destroy(): void;
}

interface SceneOptions {
  readonly container: HTMLDivElement;
  readonly editor: Editor;
  readonly pictures: PictureStore;
  readonly remoteInk: Readable<readonly RemoteInk[]>;
  readonly uploads: Readable<readonly (Box & { readonly name: string })[]>;
  readonly reducedMotion: boolean;
}

/**
 * Three sheets as large as the stage: pictures, masks, and what floats over them. Each is drawn by one function of the
 * editor's state and only when something it shows has changed, at most once a frame. A stroke under way draws the masks
 * only; a pointer the overlay only.
 */
export function createScene(options: SceneOptions): Scene {
  const { container, editor, pictures, remoteInk, uploads } = options;
  let theme: CanvasTheme = readTheme(document.documentElement);
  const cursors = createPeerCursors({ reducedMotion: options.reducedMotion });
  const masks = createMaskTileCache(pictures);
  const preview = createLoaded<FramePreview>((value) => value.imageUrl, redrawOverlay);
  const candidate = createLoaded<CandidateView>((value) => value.url, redrawOverlay);
  const afterimage = createAfterimage(redrawOverlay);

  const stage = new Konva.Stage({
    container,
    width: Math.max(1, container.clientWidth),
    height: Math.max(1, container.clientHeight),
    listening: false,
  });
  const pictureSheet = newSheet((context) => drawPictures(context, stateNow(), pictures));
  const maskSheet = newSheet((context) =>
    drawMasks(context, stateNow(), { cache: masks, sheet: sheetNow(), pictures, ink: inkNow() }),
  );
  const overlay = newSheet(drawOverlay);
  let scratch: MaskSheet | undefined;
  stage.add(pictureSheet, maskSheet, overlay);

  function redrawOverlay(): void {
    overlay.batchDraw();
  }

  function redrawAll(): void {
    pictureSheet.batchDraw();
    maskSheet.batchDraw();
    overlay.batchDraw();
  }

  function sheetNow(): MaskSheet {
    const pixelRatio = maskSheet.getCanvas().getPixelRatio();
    const wide = Math.ceil(stage.width() * pixelRatio);
    const high = Math.ceil(stage.height() * pixelRatio);
    if (scratch?.context.canvas.width === wide && scratch.context.canvas.height === high) return scratch;
    const canvas = document.createElement('canvas');
    canvas.width = wide;
    canvas.height = high;
    const context = canvas.getContext('2d');
    if (context === null) throw new Error('this browser gives no 2d context');
    scratch = { context, pixelRatio };
    return scratch;
  }

  function stateNow(): SceneState {
    const model = modelOf(editor);
    const peers = editor.presence.peers.get();
    const theirs = peers.find((peer) => peer.frameDrag !== null)?.frameDrag;
    return {
      model,
      camera: editor.camera.get(),
      viewport: { width: stage.width(), height: stage.height() },
      theme,
      dragged: mergeDrags(
        editor.drag.get(),
        peers.map((peer) => peer.drag),
        model,
      ),
      frame: editor.frameDrag.get() ?? theirs ?? model.frame,
    };
  }

  function inkNow(): readonly LiveStroke[] {
    const own = editor.ink.get();
    return own === null ? remoteInk.get() : [...remoteInk.get(), own];
  }

  function drawOverlay(context: CanvasRenderingContext2D): void {
    const state = stateNow();
    const tool = editor.tools.active.get();
    const mayEdit = editor.document.canEdit.get();
    for (const upload of uploads.get()) drawUpload(context, state, upload);
    drawFrameContent(context, state, {
      preview: preview.value(),
      previewImage: preview.image(),
      afterimage: afterimage.seenWith(candidate.image()),
      candidate: candidate.value(),
      candidateImage: candidate.image(),
    });
    drawFrame(context, state, {
      preview: preview.value(),
      hasHandles: tool === 'frame' && mayEdit,
      isDragged: editor.frameDrag.get() !== null,
    });
    const peers = editor.presence.peers.get();
    drawPeerSelections(context, state, peers);
    const hovered = findLayer(editor, editor.hovered.get());
    if (hovered !== undefined && tool === 'select') drawHover(context, state, hovered);
    const selected = selectionBox(
      selectedLayers(editor).filter((layer) => !layer.hidden),
      state.dragged,
    );
    if (selected !== null && (tool === 'select' || tool === 'hand' || tool === 'frame')) {
      const hasHandles = tool === 'select' && editableSelection(editor).length > 0;
      drawSelection(context, state, { box: selected, hasHandles });
    }
    const marquee = editor.marquee.get();
    if (marquee !== null) drawMarquee(context, state, marquee);
    drawGuides(context, state, editor.guides.get());
    const pointer = editor.pointer.get();
    if (pointer !== null && editor.cursor.get() === 'brush') {
      const brush = (tool === 'eraser' ? editor.eraser : editor.brush).get();
      drawBrushCursor(context, pointer, {
        radius: (brush.size / 2) * state.camera.zoom,
        hardness: brush.hardness,
      });
    }
    const frame = cursors.frame(peers, performance.now());
    drawPeerCursors(context, state, frame.cursors);
    if (frame.isMoving) requestAnimationFrame(redrawOverlay);
  }

  const undos = [
    subscribeAll([editor.camera, editor.document.model, editor.drag, pictures.revision], redrawAll),
    subscribeAll([editor.ink, remoteInk], () => maskSheet.batchDraw()),
    subscribeAll([editor.frameDrag], () => {
      maskSheet.batchDraw();
      redrawOverlay();
    }),
    subscribeAll(
      [
        editor.selection,
        editor.marquee,
        editor.guides,
        editor.pointer,
        editor.cursor,
        editor.hovered,
        editor.brush,
        editor.eraser,
        editor.tools.active,
        editor.document.canEdit,
        uploads,
      ],
      redrawOverlay,
    ),
    editor.presence.peers.subscribe(watchPeers(editor, redrawAll, redrawOverlay)),
  ];
  void document.fonts.ready.then(redrawAll);

  return {
    setPreview(next) {
      afterimage.previewChanges(
        { preview: preview.value(), image: preview.image(), candidateImage: candidate.image() },
        next,
      );
      preview.set(next);
    },
    setCandidate: candidate.set,
    themeChanged() {
      theme = readTheme(document.documentElement);
      redrawAll();
    },
    resize() {
      stage.size({ width: Math.max(1, container.clientWidth), height: Math.max(1, container.clientHeight) });
      redrawAll();
    },
    destroy() {
      for (const undo of undos) undo();
      afterimage.destroy();
      stage.destroy();
    },
  };
}

/** Others' drags move pictures and masks; everything else about them is on the overlay. */
function watchPeers(editor: Editor, redrawAll: () => void, redrawOverlay: () => void): () => void {
  let hadDrag = false;
  return () => {
    const hasDrag = editor.presence.peers.get().some((peer) => peer.drag !== null);
    if (hasDrag || hadDrag) redrawAll();
    else redrawOverlay();
    hadDrag = hasDrag;
  };
}

/** A Konva layer whose whole content is one function. Konva keeps its size, its pixel ratio and its frame. */
function newSheet(draw: (context: CanvasRenderingContext2D) => void): Konva.Layer {
  const layer = new Konva.Layer({ listening: false });
  layer.add(new Konva.Shape({ sceneFunc: (context) => draw(context._context), perfectDrawEnabled: false }));
  return layer;
}

/** A value with a picture that is loaded for it; the last picture stays until the next one is there. */
function createLoaded<Value>(urlOf: (value: Value) => string | null, changed: () => void) {
  const value = createStore<Value | null>(null);
  let image: LoadedImage = null;
  let loading: string | null = null;
  return {
    value: value.get,
    image: () => image,
    set(next: Value | null) {
      value.set(next);
      const url = next === null ? null : urlOf(next);
      if (url === null) {
        // A preview that has no picture yet must not show that of the one before.
        image = null;
        loading = null;
      } else if (url !== loading) {
        loading = url;
        const element = new Image();
        element.src = url;
        element.decode().then(
          () => {
            if (loading !== url) return;
            image = element;
            changed();
          },
          () => undefined,
        );
      }
      changed();
    },
  };
}

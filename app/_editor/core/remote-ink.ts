import { isPaintLayer, type LayerId } from '../../../shared/document/schema.ts';
import { createStrokePainter, type StrokePainter } from '../../../shared/raster/stroke-painter.ts';
import { unpackStroke } from '../../../shared/raster/stroke-points.ts';
import { fromBase64 } from './broadcast.ts';
import { type Editor, modelOf } from './editor.ts';
import type { LiveInk } from './presence-port.ts';
import { createStore, type Readable } from './store.ts';

/** Somebody else's stroke as far as it is known here. */
export interface RemoteInk {
  readonly strokeId: string;
  readonly layerId: LayerId;
  readonly painter: StrokePainter;
}

/** Strokes that ended without reaching the document (their author went away) vanish after this long. */
const staleMs = 1_500;
/** Strokes whose end is remembered, so that an old message cannot bring them back. */
const remembered = 500;

/**
 * The strokes that others are drawing now. Messages may be dropped on the way, so each carries all samples or the last
 * ones with their numbers; what is missing between is bridged by a straight piece until the document has the stroke.
 */
export function watchRemoteInk(
  editor: Editor,
  /** Calls back every so many milliseconds; returns its undo. */
  every: (ms: number, act: () => void) => () => void,
): {
  readonly ink: Readable<readonly RemoteInk[]>;
  readonly stop: () => void;
} {
  const ink = createStore<readonly RemoteInk[]>([]);
  const drawing = new Map<string, RemoteInk & { known: number; seenAt: number; message: LiveInk }>();
  const ended = new Set<string>();

  function take(message: LiveInk): boolean {
    if (ended.has(message.strokeId)) return false;
    let stroke = drawing.get(message.strokeId);
    if (stroke?.message === message) return false;
    const points = unpackStroke(fromBase64(message.points));
    if (stroke === undefined || message.from + points.length < stroke.known) {
      // A straight line in the making is sent anew each time and may get shorter.
      const { tool, size, opacity, hardness } = message;
      const painter = createStrokePainter({ tool, size, opacity, hardness });
      stroke = {
        strokeId: message.strokeId,
        layerId: message.layerId,
        painter,
        known: 0,
        seenAt: 0,
        message,
      };
    }
    const fresh = points.slice(Math.max(0, stroke.known - message.from));
    stroke.painter.add(fresh);
    drawing.set(message.strokeId, {
      ...stroke,
      known: message.from + points.length,
      seenAt: editor.now(),
      message,
    });
    return true;
  }

  function end(strokeId: string): void {
    drawing.delete(strokeId);
    ended.add(strokeId);
    if (ended.size > remembered)
      for (const oldest of [...ended].slice(0, remembered / 2)) ended.delete(oldest);
  }

  function dropFinished(): boolean {
    let dropped = false;
    for (const [strokeId, stroke] of drawing) {
      const layer = modelOf(editor).layers.find(({ id }) => id === stroke.layerId);
      const isStored =
        layer !== undefined && isPaintLayer(layer) && layer.strokes.some(({ id }) => id === strokeId);
      if (!isStored && editor.now() - stroke.seenAt < staleMs) continue;
      end(strokeId);
      dropped = true;
    }
    return dropped;
  }

  function sweep(): void {
    if (dropFinished()) ink.set([...drawing.values()]);
  }

  function update(): void {
    let changed = false;
    for (const peer of editor.presence.peers.get())
      if (peer.ink !== null) changed = take(peer.ink) || changed;
    changed = dropFinished() || changed;
    if (changed) ink.set([...drawing.values()]);
  }

  const undos = [
    editor.presence.peers.subscribe(update),
    editor.document.model.subscribe(sweep),
    every(staleMs / 2, sweep),
  ];
  return {
    ink,
    stop() {
      for (const undo of undos) undo();
    },
  };
}

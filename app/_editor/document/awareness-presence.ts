import type { Awareness } from 'y-protocols/awareness';
import { z } from 'zod';
import {
  layerIdSchema,
  outputIdSchema,
  rectSchema,
  transformSchema,
} from '../../../shared/document/schema.ts';
import { readPersonColor } from '../../../shared/color/person-color.ts';
import { emptyPresence, type Peer, type PresencePort, type PresenceState } from '../core/presence-port.ts';
import { createStore } from '../core/store.ts';

/** Key of the editor's state inside an awareness state. `user` beside it is set, or overwritten, by the server. */
export const presenceKey = 'canvas';

/** Milliseconds between two messages: 20 a second, what the server passes on. */
const sendEvery = 50;

const finite = z.number().min(-10_000_000).max(10_000_000);
const pointSchema = z.object({ x: finite, y: finite });
const inkSchema = z.object({
  strokeId: z.string().max(64),
  layerId: layerIdSchema,
  tool: z.enum(['brush', 'eraser']),
  size: z.number().min(0.5).max(2_000),
  opacity: z.number().min(0).max(1),
  hardness: z.number().min(0).max(1),
  from: z.number().int().min(0),
  points: z.string().max(4_096),
});
const stateSchema = z.object({
  pointer: pointSchema.nullable().catch(null),
  selection: z.array(layerIdSchema).max(1_000).catch([]),
  view: z
    .object({
      camera: z.object({ x: finite, y: finite, zoom: z.number().min(0.001).max(1_000) }),
      width: z.number().min(1).max(20_000),
      height: z.number().min(1).max(20_000),
    })
    .nullable()
    .catch(null),
  tool: z.string().max(20).catch('select'),
  drag: z.record(z.string().max(64), transformSchema).nullable().catch(null),
  frameDrag: rectSchema.nullable().catch(null),
  ink: inkSchema.nullable().catch(null),
  looking: outputIdSchema.nullable().catch(null),
  away: z.boolean().catch(false),
});
const userSchema = z.object({
  id: z.string().max(64),
  name: z.string().max(200).catch('Somebody'),
  color: z.string().max(20).catch(''),
});

interface AwarenessPresence extends PresencePort {
  destroy(): void;
}

/**
 * Presence over y-protocols awareness. What others send is parsed and clamped: a careless client can look wrong, it
 * cannot break this one.
 */
export function createAwarenessPresence(options: {
  readonly awareness: Awareness;
  /** Runs `send` after so many milliseconds; returns its cancel. */
  readonly later?: (send: () => void, ms: number) => () => void;
  readonly now?: () => number;
}): AwarenessPresence {
  const { awareness, later = laterByTimer, now = () => performance.now() } = options;
  const known = new Map<number, Peer>();
  for (const clientId of awareness.getStates().keys()) read(clientId);
  const peers = createStore<readonly Peer[]>(sorted());
  let own: PresenceState = emptyPresence;
  let sentAt = Number.NEGATIVE_INFINITY;
  let cancel: (() => void) | undefined;

  function read(clientId: number): void {
    if (clientId === awareness.clientID) return;
    const state = awareness.getStates().get(clientId);
    const user = userSchema.safeParse(state?.user);
    if (!user.success) {
      known.delete(clientId);
      return;
    }
    const shown = stateSchema.safeParse(state?.[presenceKey]);
    const { id: userId, name } = user.data;
    const color = readPersonColor(user.data.color, userId);
    known.set(clientId, { ...(shown.success ? shown.data : emptyPresence), clientId, userId, name, color });
  }

  function sorted(): readonly Peer[] {
    return [...known.values()].sort((a, b) => a.clientId - b.clientId);
  }

  function send(): void {
    cancel = undefined;
    sentAt = now();
    awareness.setLocalStateField(presenceKey, own);
  }

  const update = (changed: {
    readonly added: number[];
    readonly updated: number[];
    readonly removed: number[];
  }) => {
    const others = [...changed.added, ...changed.updated, ...changed.removed].filter(
      (clientId) => clientId !== awareness.clientID,
    );
    if (others.length === 0) return;
    for (const clientId of others) read(clientId);
    peers.set(sorted());
  };
  awareness.on('change', update);
  send();

  return {
    peers,
    show(change) {
      own = { ...own, ...change };
      if (cancel !== undefined) return;
      const wait = sentAt + sendEvery - now();
      if (wait <= 0) send();
      else cancel = later(send, wait);
    },
    destroy() {
      cancel?.();
      awareness.off('change', update);
    },
  };
}

function laterByTimer(send: () => void, ms: number): () => void {
  const timer = setTimeout(send, ms);
  return () => clearTimeout(timer);
}

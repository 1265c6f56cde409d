import type { Point } from '../../../shared/geometry/point.ts';
import type { Peer } from '../core/presence-port.ts';

/** A name is shown while its pointer moves and this long after, then it fades. */
const nameStaysMs = 1_800;
const nameFadesMs = 500;
/** Time in which a pointer covers most of the way to where it was last seen: hides the 20 messages a second. */
const easeMs = 45;

/** A pointer of somebody else as it is drawn at one moment. */
export interface ShownCursor {
  readonly peer: Peer;
  readonly point: Point;
  /** 1 while they move, 0 when they have been still for long. */
  readonly nameAlpha: number;
}

/** Moves others' pointers smoothly and lets their names fade. */
interface PeerCursors {
  /** Where everything is at `now`, and whether another frame is needed. */
  frame(
    peers: readonly Peer[],
    now: number,
  ): { readonly cursors: readonly ShownCursor[]; readonly isMoving: boolean };
}

export function createPeerCursors(options: { readonly reducedMotion: boolean }): PeerCursors {
  const known = new Map<number, { x: number; y: number; target: Point; movedAt: number }>();
  let lastFrame = 0;
  return {
    frame(peers, now) {
      const elapsed = Math.max(0, Math.min(100, now - lastFrame));
      lastFrame = now;
      let isMoving = false;
      const cursors: ShownCursor[] = [];
      const present = new Set<number>();
      for (const peer of peers) {
        if (peer.pointer === null || peer.away) continue;
        present.add(peer.clientId);
        let entry = known.get(peer.clientId);
        if (entry === undefined) {
          entry = { ...peer.pointer, target: peer.pointer, movedAt: now };
          known.set(peer.clientId, entry);
        }
        if (entry.target.x !== peer.pointer.x || entry.target.y !== peer.pointer.y) {
          entry.target = peer.pointer;
          entry.movedAt = now;
        }
        const part = options.reducedMotion ? 1 : 1 - Math.exp(-elapsed / easeMs);
        entry.x += (entry.target.x - entry.x) * part;
        entry.y += (entry.target.y - entry.y) * part;
        const still = now - entry.movedAt;
        const nameAlpha = still < nameStaysMs ? 1 : Math.max(0, 1 - (still - nameStaysMs) / nameFadesMs);
        if (nameAlpha > 0) isMoving = true;
        cursors.push({ peer, point: { x: entry.x, y: entry.y }, nameAlpha });
      }
      for (const clientId of known.keys()) if (!present.has(clientId)) known.delete(clientId);
      return { cursors, isMoving };
    },
  };
}

import sharp from 'sharp';
import * as Y from 'yjs';
import type { Log } from '../../platform/log.ts';
import type { AssetStore } from '../../platform/storage/port.ts';
import type { Database } from '../../prisma/client.ts';
import { rootsOf } from '../../shared/document/canvas.ts';
import {
  type ContentHash,
  contentHashSchema,
  layerKeys,
  type Stroke,
  tileSize,
} from '../../shared/document/schema.ts';
import { decodeStroke } from '../../shared/document/strokes.ts';
import { type MaskTiles, rasteriseStroke } from '../../shared/raster/mask.ts';
import { storePicture } from '../features/assets/service.ts';
import { appendUpdate, withCanvasLock } from '../features/canvas-log/service.ts';
import { newestStrokesKept, strokeAgeKept, strokesBeforeBaking } from './limits.ts';
import type { Room } from './room.ts';
import { serverUserId } from './room-document.ts';

export interface BakerOptions {
  readonly database: Database;
  readonly storage: AssetStore;
  readonly log: Log;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
}

/** The beginning of a mask's or control layer's tail that may be folded into its tiles. */
export interface BakePlan {
  readonly layerId: string;
  /** Strokes to fold, in paint order. */
  readonly strokes: readonly Stroke[];
  /** Tiles as they are. */
  readonly tiles: ReadonlyMap<string, ContentHash>;
}

/** Folds old strokes of masks and control layers into tiles, so that a document does not grow with every stroke: rules [B1] to [B3]. */
export class Baker {
  readonly #options: BakerOptions;
  /** When this process first saw each stroke: strokes carry no time of their own. */
  #firstSeen = new Map<string, number>();
  #running: Promise<void> | null = null;
  #stopped = false;

  constructor(options: BakerOptions) {
    this.#options = options;
  }

  /** Looks through `rooms`, one after the other; a second look waits for nothing and does nothing. */
  look(rooms: readonly Room[]): Promise<void> {
    this.#running ??= this.#lookThrough(rooms).finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #lookThrough(rooms: readonly Room[]): Promise<void> {
    const now = this.#options.now();
    const before = this.#firstSeen;
    const firstSeen = new Map<string, number>();
    const ageOf = (id: string) => {
      const seen = before.get(id) ?? now;
      firstSeen.set(id, seen);
      return now - seen;
    };
    for (const room of rooms) {
      for (const plan of room.inspect((doc) => planBakes(doc, ageOf)) ?? []) {
        if (this.#stopped) return;
        try {
          await this.#bake(room, plan);
        } catch (error) {
          this.#options.log.warn({ err: error, canvasId: room.name.canvasId }, 'a mask could not be baked');
        }
      }
    }
    this.#firstSeen = firstSeen;
  }

  async #bake(room: Room, plan: BakePlan): Promise<void> {
    const { database, storage } = this.#options;
    const { canvasId } = room.name;
    const canvas = await database.canvas.findUniqueOrThrow({
      where: { id: canvasId },
      select: { project: { select: { organizationId: true } } },
    });
    const { organizationId } = canvas.project;
    const hashes = new Map<string, ContentHash>();
    for (const [key, pixels] of await paint(storage, plan)) {
      const file = await encodeTile(pixels);
      const userId = serverUserId;
      const { hash } = await storePicture(
        { database, storage },
        { organizationId, userId, kind: 'mask-tile', file },
      );
      hashes.set(key, hash);
    }
    await room.editAsServer((desk) =>
      withCanvasLock(database, canvasId, async (transaction) => {
        await desk.refresh();
        const update = desk.draft((doc) => commitBake(doc, plan, hashes));
        if (update === null) return null;
        await appendUpdate(transaction, { ...room.name, update, userId: null });
        await transaction.$executeRaw`
          insert into canvas_client ("canvasId", epoch, "clientId", "userId")
          values (${canvasId}, ${room.name.epoch}, ${BigInt(desk.clientId)}, ${serverUserId})
          on conflict do nothing`;
        return update;
      }),
    );
  }
}

/** What may be baked in `doc` ([B1]). `ageOf` gives a stroke's age in milliseconds and is asked for every stroke. */
export function planBakes(doc: Y.Doc, ageOf: (strokeId: string) => number): readonly BakePlan[] {
  const plans: BakePlan[] = [];
  for (const [layerId, layer] of rootsOf(doc).layers) {
    const parts = partsOf(layer);
    if (parts === null) continue;
    const all = parts.strokes.toArray().map(decodeStroke);
    const ages = all.map((stroke) => (stroke === undefined ? 0 : ageOf(stroke.id)));
    if (all.length <= strokesBeforeBaking) continue;
    const strokes = bakeableStrokes(all, ages);
    if (strokes.length > 0) plans.push({ layerId, strokes, tiles: readTiles(parts.tiles) });
  }
  return plans;
}

/** The longest beginning of which every stroke may go. What is no stroke that we know stays, with all after it. */
function bakeableStrokes(all: readonly (Stroke | undefined)[], ages: readonly number[]): readonly Stroke[] {
  const newer = new Map<string, number>();
  let bakeable: Stroke[] = [];
  for (let index = all.length - 1; index >= 0; index -= 1) {
    const stroke = all[index];
    const rank = stroke === undefined ? 0 : (newer.get(stroke.by) ?? 0);
    if (stroke === undefined || (rank < newestStrokesKept && (ages[index] ?? 0) < strokeAgeKept))
      bakeable = [];
    else bakeable.push(stroke);
    if (stroke !== undefined) newer.set(stroke.by, rank + 1);
  }
  return bakeable.reverse();
}

/** The tiles that the strokes change, painted over what is there. Lets other work in after every stroke. */
async function paint(storage: AssetStore, plan: BakePlan): Promise<MaskTiles> {
  const tiles: MaskTiles = new Map();
  for (const [key, hash] of plan.tiles) tiles.set(key, await decodeTile(await storage.get(hash)));
  const changed = new Set<string>();
  for (const stroke of plan.strokes) {
    for (const key of rasteriseStroke(tiles, stroke)) changed.add(key);
    await new Promise((next) => setImmediate(next));
  }
  return new Map([...tiles].filter(([key]) => changed.has(key)));
}

/** Writes the bake into `doc` if the mask still begins as planned; else changes nothing ([B3]). */
function commitBake(doc: Y.Doc, plan: BakePlan, hashes: ReadonlyMap<string, ContentHash>): void {
  const parts = partsOf(rootsOf(doc).layers.get(plan.layerId));
  if (parts === null || parts.strokes.length < plan.strokes.length) return;
  for (const [index, stroke] of plan.strokes.entries()) {
    if (decodeStroke(parts.strokes.get(index))?.id !== stroke.id) return;
  }
  for (const key of hashes.keys()) {
    if (parts.tiles.get(key) !== plan.tiles.get(key)) return;
  }
  for (const [key, hash] of hashes) parts.tiles.set(key, hash);
  parts.strokes.delete(0, plan.strokes.length);
}

function partsOf(
  layer: unknown,
): { readonly strokes: Y.Array<unknown>; readonly tiles: Y.Map<unknown> } | null {
  if (!(layer instanceof Y.Map)) return null;
  const kind: unknown = layer.get(layerKeys.kind);
  if (kind !== 'mask' && kind !== 'control') return null;
  const strokes: unknown = layer.get(layerKeys.strokes);
  const tiles: unknown = layer.get(layerKeys.tiles);
  return strokes instanceof Y.Array && tiles instanceof Y.Map ? { strokes, tiles } : null;
}

function readTiles(tiles: Y.Map<unknown>): ReadonlyMap<string, ContentHash> {
  const found = new Map<string, ContentHash>();
  for (const [key, value] of tiles.entries()) {
    const hash = contentHashSchema.safeParse(value);
    if (hash.success) found.set(key, hash.data);
  }
  return found;
}

function encodeTile(pixels: Uint8Array): Promise<Buffer> {
  return sharp(pixels, { raw: { width: tileSize, height: tileSize, channels: 1 } })
    .toColourspace('b-w')
    .png()
    .toBuffer();
}

async function decodeTile(file: Buffer): Promise<Uint8Array> {
  const { data } = await sharp(file).extractChannel(0).raw().toBuffer({ resolveWithObject: true });
  return new Uint8Array(data.buffer, data.byteOffset, tileSize * tileSize);
}

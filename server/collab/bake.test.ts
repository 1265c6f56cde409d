import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as Y from 'yjs';
import { createLog } from '../../platform/log.ts';
import { readCanvas, rootsOf } from '../../shared/document/canvas.ts';
import { layerKeys, type MaskLayer, type Stroke } from '../../shared/document/schema.ts';
import { encodeStroke } from '../../shared/document/strokes.ts';
import { rasteriseMask } from '../../shared/raster/mask.ts';
import { packStroke } from '../../shared/raster/stroke-points.ts';
import { Baker, planBakes } from './bake.ts';
import { newestStrokesKept, strokeAgeKept, strokesBeforeBaking } from './limits.ts';
import { openLogPool } from './postgres.ts';
import { LogWriter } from './log-writer.ts';
import { noFanOut } from './fan-out.ts';
import type { EditSender } from './edit-intake.ts';
import { Rooms } from './rooms.ts';
import type { CollabServer } from './server.ts';
import { Harness, type Person, until } from './testing/harness.ts';
import type { TestSocket } from './testing/test-socket.ts';

let harness: Harness;
let server: CollabServer;
let ada: Person;
beforeAll(async () => {
  harness = await Harness.start();
  server = await harness.startServer();
  ada = await harness.makePerson('editor');
});
afterAll(() => harness.close());

const area = { left: -100, top: -100, width: 700, height: 500 };

function stroke(index: number, by: string): Stroke {
  const x = (index * 37) % 400;
  const y = (index * 91) % 300;
  return {
    id: `s${index}`,
    tool: index % 7 === 6 ? 'eraser' : 'brush',
    size: 10 + (index % 30),
    opacity: 0.7,
    hardness: 0.5,
    points: packStroke([
      { x, y, pressure: 1 },
      { x: x + 40, y: y + 25, pressure: 0.6 },
    ]),
    by,
  };
}

function addMask(doc: Y.Doc, strokes: readonly Stroke[], kind = 'mask'): void {
  const layer = new Y.Map<unknown>();
  layer.set(layerKeys.kind, kind);
  layer.set(layerKeys.position, [null, 'a0']);
  layer.set(layerKeys.tiles, new Y.Map());
  layer.set(layerKeys.strokes, Y.Array.from(strokes.map(encodeStroke)));
  rootsOf(doc).layers.set('mask', layer);
}

function maskOf(doc: Y.Doc): MaskLayer {
  const layer = readCanvas(doc).layers[0];
  if (layer?.kind !== 'mask') throw new Error('a mask');
  return layer;
}

/** The mask's pixels, with tiles read from the store as the worker reads them. */
async function pixelsOf(doc: Y.Doc): Promise<Uint8Array> {
  const { tiles, strokes } = maskOf(doc);
  const read = new Map<string, Uint8Array>();
  for (const [key, hash] of tiles) {
    const data = await sharp(await harness.storage.get(hash))
      .extractChannel(0)
      .raw()
      .toBuffer();
    read.set(key, new Uint8Array(data));
  }
  return rasteriseMask(read, strokes, area);
}

async function openMask(strokes: readonly Stroke[]): Promise<{ canvas: string; socket: TestSocket }> {
  const canvas = await harness.makeCanvas();
  const socket = await (await harness.connect(server, ada, canvas)).sync();
  socket.edit((doc) => addMask(doc, strokes));
  await until(() => socket.acknowledgements.length === 2);
  return { canvas, socket };
}

/** An instance of its own, without people, and a baker in it whose clock the test owns. */
function makeBaker(clock: { now: number }) {
  const { database, url } = harness.db;
  const pool = openLogPool(url);
  const log = createLog('bake-test');
  const writer = new LogWriter<EditSender>(pool);
  const rooms = new Rooms({ database, pool, writer, fanOut: noFanOut, log });
  const baker = new Baker({ database, storage: harness.storage, log, now: () => clock.now });
  return {
    rooms,
    bake: async (canvas: string) => {
      const room = rooms.open({ canvasId: canvas, epoch: 0 });
      await until(() => room.phase === 'open');
      await baker.look([room]);
    },
    close: async () => {
      rooms.end(1012, 'the test is over');
      await pool.end();
    },
  };
}

const many = Array.from({ length: strokesBeforeBaking + 60 }, (_, index) => stroke(index, 'ada'));

test('[B1] [B2] a long tail becomes tiles, and the mask looks the same to the byte', async () => {
  const { canvas } = await openMask(many);
  const before = await pixelsOf(await harness.committed(canvas));
  const baker = makeBaker({ now: 0 });
  await baker.bake(canvas);
  const doc = await harness.committed(canvas);
  const mask = maskOf(doc);
  expect(mask.strokes).toHaveLength(newestStrokesKept);
  expect(mask.tiles.size).toBeGreaterThan(1);
  expect(Buffer.compare(await pixelsOf(doc), before)).toBe(0);
  for (const hash of mask.tiles.values())
    expect(await harness.db.database.asset.count({ where: { organizationId: 'team', hash } })).toBe(1);
  await baker.close();
});

test('[B1] a tail of two hundred is left alone; old strokes go whoever painted them; new ones stay', () => {
  const doc = new Y.Doc();
  addMask(doc, many.slice(0, strokesBeforeBaking));
  expect(planBakes(doc, () => Number.POSITIVE_INFINITY)).toEqual([]);
  const crowd = new Y.Doc();
  addMask(
    crowd,
    Array.from({ length: 300 }, (_, index) => stroke(index, `person${index % 10}`)),
  );
  // Thirty strokes each: all among their author's newest fifty.
  expect(planBakes(crowd, () => 0)).toEqual([]);
  const ageOf = (id: string) => (Number(id.slice(1)) < 120 ? strokeAgeKept + 1 : 0);
  expect(planBakes(crowd, ageOf)[0]?.strokes).toHaveLength(120);
});

test('[B1] a control layer is baked as a mask is; what takes no paint is left alone', () => {
  const planOf = (kind: string) => {
    const doc = new Y.Doc();
    addMask(doc, many, kind);
    return planBakes(doc, () => Number.POSITIVE_INFINITY);
  };
  expect(planOf('control')).toEqual(planOf('mask'));
  expect(planOf('control')[0]?.strokes).toHaveLength(many.length);
  expect(planOf('image')).toEqual([]);
  expect(planOf('smell')).toEqual([]);
});

test('[B3] strokes painted while it bakes stay; two instances that bake at once paint nothing twice', async () => {
  const { canvas, socket } = await openMask(many);
  const clock = { now: 0 };
  const bakers = [makeBaker(clock), makeBaker(clock)];
  const more = Array.from({ length: 20 }, (_, index) => stroke(1_000 + index, 'ada'));
  const painting = (async () => {
    for (const one of more) {
      socket.edit((doc) => {
        const strokes = rootsOf(doc).layers.get('mask')?.get(layerKeys.strokes);
        if (strokes instanceof Y.Array) strokes.push([encodeStroke(one)]);
      });
      await new Promise((next) => setTimeout(next, 15));
    }
  })();
  await Promise.all([...bakers.map((baker) => baker.bake(canvas)), painting]);
  clock.now = strokeAgeKept * 2;
  await until(() => socket.acknowledgements.length >= 3);
  const expected = new Y.Doc();
  addMask(expected, [...many, ...more]);
  await until(async () => maskOf(await harness.committed(canvas)).strokes.at(-1)?.id === 's1019');
  const doc = await harness.committed(canvas);
  expect(maskOf(doc).strokes.length).toBeLessThan(many.length);
  expect(Buffer.compare(await pixelsOf(doc), await pixelsOf(expected))).toBe(0);
  for (const baker of bakers) await baker.close();
});

test('[B3] a mask that was cleared meanwhile is not painted again', async () => {
  const { canvas, socket } = await openMask(many);
  const baker = makeBaker({ now: 0 });
  // The baker's room has loaded the strokes; the clearing reaches the log, but not that room.
  const room = baker.rooms.open({ canvasId: canvas, epoch: 0 });
  await until(() => room.phase === 'open');
  const before = socket.acknowledgements.length;
  socket.edit((doc) => {
    const strokes = rootsOf(doc).layers.get('mask')?.get(layerKeys.strokes);
    if (strokes instanceof Y.Array) strokes.delete(0, strokes.length);
  });
  await until(() => socket.acknowledgements.length > before);
  await baker.bake(canvas);
  const mask = maskOf(await harness.committed(canvas));
  expect([mask.tiles.size, mask.strokes.length]).toEqual([0, 0]);
  await baker.close();
});

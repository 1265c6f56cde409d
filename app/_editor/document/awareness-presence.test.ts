import { expect, test } from 'vitest';
import { personColor } from '../../../shared/color/person-color.ts';
import { Awareness, applyAwarenessUpdate, encodeAwarenessUpdate } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { createStrokePainter } from '../../../shared/raster/stroke-painter.ts';
import { liveInk, startBroadcast } from '../core/broadcast.ts';
import { watchRemoteInk } from '../core/remote-ink.ts';
import { createTestEditor } from '../testing/test-editor.ts';
import { layerIdSchema } from '../../../shared/document/schema.ts';
import { createAwarenessPresence, presenceKey } from './awareness-presence.ts';

/** Two awarenesses and a clock that stands until it is moved. */
function twoPeople() {
  const mine = new Awareness(new Y.Doc());
  const theirs = new Awareness(new Y.Doc());
  mine.setLocalStateField('user', { id: 'ada', name: 'Ada' });
  let now = 0;
  let waiting: (() => void)[] = [];
  let sent = 0;
  theirs.on('update', () => {
    applyAwarenessUpdate(mine, encodeAwarenessUpdate(theirs, [theirs.clientID]), 'net');
  });
  const options = {
    now: () => now,
    later: (send: () => void) => {
      waiting.push(send);
      return () => {
        waiting = waiting.filter((other) => other !== send);
      };
    },
  };
  const me = createAwarenessPresence({ awareness: mine, ...options });
  const them = createAwarenessPresence({ awareness: theirs, ...options });
  theirs.setLocalStateField('user', { id: 'grace', name: 'Grace' });
  theirs.on('update', () => {
    sent += 1;
  });
  return {
    me,
    them,
    theirs,
    sent: () => sent,
    pass(ms: number) {
      now += ms;
      const due = waiting;
      waiting = [];
      for (const send of due) send();
    },
    close() {
      me.destroy();
      them.destroy();
      mine.destroy();
      theirs.destroy();
    },
  };
}

test('others are seen with their name; oneself is not among them', () => {
  const people = twoPeople();
  people.them.show({ pointer: { x: 3, y: 4 } });
  people.pass(50);
  expect(people.me.peers.get()).toMatchObject([
    { userId: 'grace', name: 'Grace', pointer: { x: 3, y: 4 }, color: personColor('grace') },
  ]);
  people.close();
});

test('at most one message every 50 ms, and the last state always arrives', () => {
  const people = twoPeople();
  people.pass(60);
  const before = people.sent();
  for (let x = 0; x < 100; x += 1) people.them.show({ pointer: { x, y: 0 } });
  expect(people.sent() - before).toBe(1);
  people.pass(50);
  expect(people.sent() - before).toBe(2);
  expect(people.me.peers.get()[0]?.pointer).toEqual({ x: 99, y: 0 });
  people.close();
});

test('nonsense from others is ignored, piece by piece', () => {
  const people = twoPeople();
  people.theirs.setLocalStateField(presenceKey, {
    pointer: { x: Number.MAX_VALUE, y: 'left' },
    selection: ['ok-1'],
    view: 7,
    tool: ['x'],
    drag: { a: [1] },
    ink: { strokeId: 1 },
    away: 'yes',
  });
  expect(people.me.peers.get()).toMatchObject([
    { pointer: null, selection: ['ok-1'], view: null, tool: 'select', drag: null, ink: null, away: false },
  ]);
  people.theirs.setLocalStateField('user', { id: 5 });
  expect(people.me.peers.get()).toEqual([]);
  people.close();
});

test('what one shows stays below the 4 KiB of a room, however much is selected and dragged', () => {
  const hand = createTestEditor();
  const stop = startBroadcast(hand.editor);
  const ids = Array.from({ length: 500 }, () => layerIdSchema.parse(crypto.randomUUID()));
  hand.editor.selection.set(ids);
  hand.editor.pointer.set({ x: 123.456, y: 654.321 });
  hand.editor.camera.set({ x: -1234.56789, y: 1234.56789, zoom: 1.23456789 });
  hand.editor.drag.set(new Map(ids.map((id) => [id, [-1234.567, 1234.567, 1.2345678, 1.2345678, 12.3]])));
  expect(hand.shown().selection.length).toBeGreaterThan(0);
  expect(JSON.stringify(hand.shown()).length).toBeLessThan(3_700);
  hand.editor.drag.set(null);
  const painter = createStrokePainter({ tool: 'brush', size: 20, opacity: 1, hardness: 1 });
  painter.add(Array.from({ length: 3_000 }, (_, i) => ({ x: i * 3, y: (i * 37) % 800, pressure: 0.5 })));
  hand.editor.ink.set({ strokeId: 's', layerId: layerIdSchema.parse('m'), onNewMask: false, painter });
  expect(hand.shown().ink).not.toBeNull();
  expect(JSON.stringify(hand.shown()).length).toBeLessThan(3_700);
  stop();
});

test('a long stroke arrives whole through messages below 4 KiB, even when some are lost', () => {
  const hand = createTestEditor();
  const mask = hand.addMask();
  const painter = createStrokePainter({ tool: 'brush', size: 20, opacity: 1, hardness: 1 });
  const remote = watchRemoteInk(hand.editor, () => () => undefined);
  const peer = { ...hand.shown(), clientId: 2, userId: 'grace', name: 'Grace', color: personColor('grace') };
  for (let i = 0; i < 3_000; i += 10) {
    painter.add(
      Array.from({ length: 10 }, (_, k) => ({ x: (i + k) / 4, y: 100 + ((i + k) % 40), pressure: 1 })),
    );
    const ink = liveInk({ strokeId: 's', layerId: mask, onNewMask: false, painter });
    expect(JSON.stringify({ ...peer, ink }).length).toBeLessThan(4_096);
    // Every third message is lost.
    if (i % 30 !== 0) hand.peers.set([{ ...peer, ink }]);
  }
  const [stroke] = remote.ink.get();
  expect(stroke?.painter.coverage.get('1,0')).toEqual(painter.coverage.get('1,0'));
  remote.stop();
});

test('live ink goes when the document has the stroke, and an old message does not bring it back', () => {
  const hand = createTestEditor();
  const mask = hand.addMask();
  const painter = createStrokePainter({ tool: 'brush', size: 20, opacity: 1, hardness: 1 });
  painter.add([{ x: 10, y: 10, pressure: 1 }]);
  const ink = liveInk({ strokeId: 'theirs', layerId: mask, onNewMask: false, painter });
  const remote = watchRemoteInk(hand.editor, () => () => undefined);
  const peer = {
    ...hand.shown(),
    clientId: 2,
    userId: 'grace',
    name: 'Grace',
    color: personColor('grace'),
    ink,
  };
  hand.peers.set([peer]);
  expect(remote.ink.get()).toHaveLength(1);
  hand.editor.document.apply('Stroke', [
    {
      type: 'add-stroke',
      id: layerIdSchema.parse(mask),
      stroke: {
        id: 'theirs',
        tool: 'brush',
        size: 20,
        opacity: 1,
        hardness: 1,
        points: new Uint8Array([0, 0, 255]),
        by: 'g',
      },
    },
  ]);
  expect(remote.ink.get()).toHaveLength(0);
  hand.peers.set([{ ...peer }]);
  expect(remote.ink.get()).toHaveLength(0);
  remote.stop();
});

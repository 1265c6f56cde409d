import { expect, test } from 'vitest';
import { personColor } from '../../../shared/color/person-color.ts';
import { createTestEditor } from '../testing/test-editor.ts';
import { announcePeople } from './announce-people.ts';

test("says who comes and goes, not who was there, and not one's own other tabs", () => {
  const hand = createTestEditor();
  const peer = (clientId: number, userId: string) => ({
    ...hand.shown(),
    clientId,
    userId,
    name: userId,
    color: personColor(userId),
  });
  hand.peers.set([peer(1, 'ada')]);
  const stop = announcePeople(hand.editor);
  expect(hand.editor.announcement.get()).toBe('');
  hand.peers.set([peer(1, 'ada'), peer(2, 'grace'), peer(3, 'tester')]);
  expect(hand.editor.announcement.get()).toBe('grace joined.');
  hand.peers.set([peer(2, 'grace')]);
  expect(hand.editor.announcement.get()).toBe('ada left.');
  stop();
});

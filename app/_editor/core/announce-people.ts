import type { Editor } from './editor.ts';

/** Reads out who comes and who goes; whoever is here already is not news. Returns its undo. */
export function announcePeople(editor: Editor): () => void {
  let known: ReadonlyMap<string, string> | undefined;
  function update(): void {
    const people = new Map(
      editor.presence.peers
        .get()
        .filter((peer) => peer.userId !== editor.person.userId)
        .map((peer) => [peer.userId, peer.name]),
    );
    if (known !== undefined) {
      const joined = [...people].filter(([userId]) => known?.has(userId) === false).map(([, name]) => name);
      const left = [...known].filter(([userId]) => !people.has(userId)).map(([, name]) => name);
      if (joined.length > 0) editor.announcement.set(`${joined.join(', ')} joined.`);
      else if (left.length > 0) editor.announcement.set(`${left.join(', ')} left.`);
    }
    known = people;
  }
  update();
  return editor.presence.peers.subscribe(update);
}

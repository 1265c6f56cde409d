import { z } from 'zod';
import { openCanvasConnection } from '../../app/_editor/document/connection.ts';
import { openDatabase } from '../../prisma/client.ts';
import { issueTicket } from '../../server/features/tickets/service.ts';
import { editorOrderSchema, type editorReportSchema } from './collab.ts';
import { socketFrom } from './origin-socket.ts';

/**
 * The people of one chaos round, in a process that is going to be killed. Each edits about twenty times a second; an
 * edit counts as saved when the connection says "saved" after it, as it would say to a person.
 */
const order = editorOrderSchema.parse(JSON.parse(z.string().parse(process.argv[2])));
// Each y-websocket provider listens for the end of the process.
process.setMaxListeners(order.people.length + 10);
const database = openDatabase(order.databaseUrl, 4);
const webSocket = socketFrom(order.origin);

function report(message: z.infer<typeof editorReportSchema>): void {
  process.send?.(message);
}

async function edit(person: (typeof order.people)[number], index: number): Promise<void> {
  const { canvasId, userId, sessionId } = person;
  const connection = openCanvasConnection({
    url: `ws://127.0.0.1:${order.port}`,
    canvasId,
    epoch: 0,
    user: { id: userId },
    getTicket: async () => (await issueTicket(database, { canvasId, userId, sessionId })).ticket,
    webSocket,
  });
  let unsaved: string[] = [];
  connection.status.subscribe(() => {
    if (connection.status.get().kind !== 'saved' || unsaved.length === 0) return;
    report({ kind: 'saved', canvasId, ids: unsaved });
    unsaved = [];
  });
  await connection.whenSaved();
  let count = 0;
  const next = () => {
    const id = `${order.round}.${index}.${count++}`;
    unsaved.push(id);
    report({ kind: 'made', canvasId, ids: [id] });
    connection.doc.getArray<string>('chaos').push([id]);
    connection.doc.getMap('settings').set(`steps${index}`, count);
    setTimeout(next, 25 + Math.random() * 50);
  };
  next();
}

await Promise.all(order.people.map((person, index) => edit(person, index)));
report({ kind: 'ready' });

import { randomInt } from 'node:crypto';
import * as encoding from 'lib0/encoding';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import type { ClientMessage } from '../../shared/protocol/messages.ts';
import {
  messageTypes,
  readClientMessage,
  writeAwareness,
  writeQueryAwareness,
  writeSyncStep1,
  writeSyncStep2,
  writeUpdate,
} from '../../shared/protocol/messages.ts';
import { holdsRole } from '../features/access/policy.ts';
import { messagePolicies } from './message-policy.ts';
import type { CollabServer } from './server.ts';
import { Harness, type Person, until } from './testing/harness.ts';
import type { TestSocket } from './testing/test-socket.ts';

type Kind = ClientMessage['kind'];

/** Who each message is for. Written down a second time here, so that a policy is never loosened by accident. */
const declared: Readonly<Record<Kind, string>> = {
  'sync-step-1': 'canvas viewer',
  'sync-step-2': 'canvas editor',
  update: 'canvas editor',
  awareness: 'canvas viewer',
  'query-awareness': 'canvas viewer',
};
const kinds = Object.keys(declared).filter((kind): kind is Kind => Object.hasOwn(messagePolicies, kind));

const identities = [
  'nobody',
  'forged ticket',
  'expired session',
  'other team',
  'removed member',
  'viewer',
  'editor',
  'owner',
] as const;
type Identity = (typeof identities)[number];

/** What must become of a message: the code that closes its socket, a refusal on an open socket, or its effect. */
type Expectation = 4401 | 4404 | 'denied' | 'done';

/** The expected table: one cell for each identity and policy. */
function expected(kind: Kind, identity: Identity): Expectation {
  switch (identity) {
    case 'nobody':
    case 'forged ticket':
    case 'expired session':
      return 4401;
    case 'other team':
    case 'removed member':
      return 4404;
    case 'viewer':
    case 'editor':
    case 'owner':
      return holdsRole(identity, messagePolicies[kind].role) ? 'done' : 'denied';
  }
}

interface Said {
  readonly bytes: Uint8Array;
  /** Whether the message has had its effect: on the canvas, on the watcher, or on the one who said it. */
  readonly hasEffect: () => boolean | Promise<boolean>;
}

let harness: Harness;
let server: CollabServer;
let people: Readonly<Record<Exclude<Identity, 'nobody' | 'forged ticket'>, Person>>;

beforeAll(async () => {
  harness = await Harness.start();
  server = await harness.startServer();
  const [viewer, editor, owner, expired, removed, stranger] = await Promise.all(
    (['viewer', 'editor', 'owner', 'owner', 'owner', null] as const).map((role) => harness.makePerson(role)),
  );
  if (!viewer || !editor || !owner || !expired || !removed || !stranger) throw new Error('nobody came');
  people = {
    viewer,
    editor,
    owner,
    'expired session': expired,
    'removed member': removed,
    'other team': stranger,
  };
  const { database } = harness.db;
  // The stranger owns a team of their own, so that "some owner" is not enough.
  await database.organization.create({
    data: {
      name: 'Others',
      slug: 'others',
      members: { create: { userId: stranger.userId, role: 'owner' } },
    },
  });
});
afterAll(() => harness.close());

describe('[M4] every message, said by eight identities', () => {
  it('declares the policy that is written down here', () => {
    const found = Object.entries(messagePolicies).map(([kind, { kind: of, role }]) => [
      kind,
      `${of} ${role}`,
    ]);
    expect(Object.fromEntries(found)).toEqual(declared);
  });

  it('covers every message that can be read', () => {
    const readable = new Set<Kind>();
    for (const type of Object.values(messageTypes)) {
      for (const rest of [[], [0], [0, 0], [1, 0], [2, 0]]) {
        try {
          readable.add(readClientMessage(new Uint8Array([type, ...rest])).kind);
        } catch {
          // Not a message.
        }
      }
    }
    expect([...readable].sort()).toEqual([...kinds].sort());
  });

  for (const kind of kinds) {
    for (const identity of identities) {
      const wanted = expected(kind, identity);
      it(`${kind} by ${identity}: ${wanted}`, async () => {
        const canvas = await harness.makeCanvas();
        const watcher = await (await harness.connect(server, people.owner, canvas)).sync();
        watcher.send(awarenessOf(watcher.doc.clientID, 'watcher'));
        const socket = await open(identity, canvas);
        const { bytes, hasEffect } = say(kind, { socket, watcher, canvas });
        socket.send(bytes);
        if (wanted === 'done') {
          await until(hasEffect);
          expect(socket.denials).toEqual([]);
          return;
        }
        if (wanted === 'denied') {
          await until(() => socket.denials.length === 1);
          // What comes after has been read after: had the message been stored, it would be there now.
          socket.synced = false;
          await socket.sync();
        } else {
          expect((await socket.closed).code).toBe(wanted);
          watcher.synced = false;
          await watcher.sync();
          expect([socket.synced, socket.roles, socket.awareness]).toEqual([false, [], []]);
        }
        expect(socket.acknowledgements).toEqual([]);
        expect((await harness.committed(canvas)).getText('prompt').toString()).toBe('');
        expect([watcher.text, watcher.awareness]).toEqual(['', []]);
      });
    }
  }
});

/** A socket of `identity`, as open as the server lets it be. It says nothing by itself. */
async function open(identity: Identity, canvas: string): Promise<TestSocket> {
  const { database } = harness.db;
  const knock = async (person: Person, ticket?: string) => {
    const socket = await harness.connect(server, person, canvas, ticket === undefined ? {} : { ticket });
    socket.answers = false;
    await socket.opened;
    return socket;
  };
  switch (identity) {
    case 'nobody':
      return knock(people.owner, '');
    case 'forged ticket': {
      const real = await harness.ticket(people.owner, canvas);
      return knock(people.owner, real.replace(/^./u, real.startsWith('A') ? 'B' : 'A'));
    }
    case 'expired session': {
      const person = people[identity];
      const ticket = await harness.ticket(person, canvas);
      await database.session.update({
        where: { id: person.sessionId },
        data: { expiresAt: new Date(Date.now() - 1_000) },
      });
      return knock(person, ticket);
    }
    case 'removed member': {
      const person = people[identity];
      const ticket = await harness.ticket(person, canvas);
      await harness.setRole(person, null);
      return knock(person, ticket);
    }
    case 'other team':
      return knock(people[identity]);
    case 'viewer':
    case 'editor':
    case 'owner': {
      const socket = await knock(people[identity]);
      await until(() => socket.roles.length > 0 && socket.awareness.length > 0);
      socket.awareness.length = 0;
      return socket;
    }
  }
}

function say(
  kind: Kind,
  {
    socket,
    watcher,
    canvas,
  }: { readonly socket: TestSocket; readonly watcher: TestSocket; readonly canvas: string },
): Said {
  const write = () => socket.prepare((doc) => doc.getText('prompt').insert(0, 'mine'));
  const isStored = async (acknowledged: 'update' | 'everything') =>
    socket.acknowledgements.some((acknowledgement) => acknowledgement.kind === acknowledged) &&
    watcher.text === 'mine' &&
    (await harness.committed(canvas)).getText('prompt').toString() === 'mine';
  switch (kind) {
    case 'sync-step-1':
      return {
        bytes: writeSyncStep1(Y.encodeStateVector(socket.doc)),
        hasEffect: () => socket.synced,
      };
    case 'sync-step-2':
      return { bytes: writeSyncStep2(write()), hasEffect: () => isStored('everything') };
    case 'update':
      return { bytes: writeUpdate(write()), hasEffect: () => isStored('update') };
    case 'awareness': {
      const client = randomInt(1, 2 ** 31);
      return {
        bytes: awarenessOf(client, 'here'),
        hasEffect: () => watcher.awareness.some((entry) => entry.client === client && entry.state !== null),
      };
    }
    case 'query-awareness':
      return {
        bytes: writeQueryAwareness(),
        hasEffect: () => socket.awareness.some((entry) => entry.client === watcher.doc.clientID),
      };
  }
}

function awarenessOf(client: number, where: string): Uint8Array {
  return writeAwareness(
    encoding.encode((encoder) => {
      encoding.writeVarUint(encoder, 1);
      encoding.writeVarUint(encoder, client);
      encoding.writeVarUint(encoder, 1);
      encoding.writeVarString(encoder, JSON.stringify({ where }));
    }),
  );
}

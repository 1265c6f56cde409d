import * as decoding from 'lib0/decoding';
import { WebSocket } from 'ws';
import type { Database } from '../../../prisma/client.ts';
import { announceSessionEnd } from '../../../server/features/access/service.ts';
import { removeMember, setRole } from '../../../server/features/teams/service.ts';
import { messageTypes, readAccess } from '../../../shared/protocol/messages.ts';
import type { Quantiles } from './load-order.ts';

/** Milliseconds from the moment a change of access is committed until the person's open socket has felt it. */
export interface Revocation {
  /** Removed from the team: the socket closes. */
  readonly removed: Quantiles;
  /** From editor to viewer: the socket is told, and writes no more. */
  readonly demoted: Quantiles;
  /** Session ended: the socket closes. */
  readonly signedOut: Quantiles;
}

/** Somebody with a socket open; the first ones of a canvas's people. */
export interface Guest {
  readonly userId: string;
  readonly url: string;
}

interface Watched {
  readonly userId: string;
  readonly closed: Promise<void>;
  readonly demoted: Promise<void>;
}

/** Changes the access of `guests`, a third of them in each way, one after the other, and times each. Closes nothing else. */
export async function measureRevocation(
  database: Database,
  {
    guests,
    organizationId,
    origin,
  }: {
    readonly guests: readonly Guest[];
    readonly organizationId: string;
    readonly origin: string;
  },
): Promise<Revocation> {
  const opened = await Promise.all(guests.map((guest) => open(guest, origin)));
  const third = Math.floor(opened.length / 3);
  const change = (userId: string) => ({ organizationId, userId, actorId: userId });
  const time = async (
    people: readonly Watched[],
    act: (userId: string) => Promise<unknown>,
    felt: 'closed' | 'demoted',
  ): Promise<Quantiles> => {
    const times: number[] = [];
    for (const person of people) {
      await act(person.userId);
      const committed = performance.now();
      await person[felt];
      times.push(performance.now() - committed);
    }
    const sorted = times.sort((a, b) => a - b);
    return { p50: sorted[Math.floor(sorted.length / 2)] ?? 0, p99: sorted.at(-1) ?? 0 };
  };
  return {
    removed: await time(opened.slice(0, third), (userId) => removeMember(database, change(userId)), 'closed'),
    demoted: await time(
      opened.slice(third, 2 * third),
      (userId) => setRole(database, { ...change(userId), role: 'viewer' }),
      'demoted',
    ),
    signedOut: await time(
      opened.slice(2 * third),
      async (userId) => {
        await database.session.deleteMany({ where: { userId } });
        await announceSessionEnd(database);
      },
      'closed',
    ),
  };
}

function open({ userId, url }: Guest, origin: string): Promise<Watched> {
  const socket = new WebSocket(url, { origin, perMessageDeflate: false });
  const closed = new Promise<void>((settle) => socket.once('close', () => settle()));
  return new Promise((settle, fail) => {
    socket.once('error', fail);
    const demoted = new Promise<void>((isDemoted) => {
      socket.on('message', (data: Buffer) => {
        const decoder = decoding.createDecoder(data);
        if (decoding.readVarUint(decoder) !== messageTypes.access) return;
        if (readAccess(decoder) === 'viewer') isDemoted();
        else settle({ userId, closed, demoted });
      });
    });
  });
}

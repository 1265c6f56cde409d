import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { z } from 'zod';
import { writeAwareness } from '../../shared/protocol/messages.ts';
import { awarenessInterval, awarenessLifetime, mostAwarenessClients } from './limits.ts';

/** Who a connection belongs to, as everybody sees it. */
export interface Identity {
  readonly id: string;
  readonly name: string;
  readonly color: string;
}

/** A socket as presence sees it. */
export interface PresenceMember {
  readonly user: Identity;
  send(message: Uint8Array): void;
}

/** One client id's state as instances tell each other; `state` null means gone. */
export const presenceEntrySchema = z.object({
  client: z.number().int().min(0).max(0xffff_ffff),
  clock: z.number().int().min(0),
  state: z.string().nullable(),
  userId: z.string(),
});
export type PresenceEntry = z.infer<typeof presenceEntrySchema>;

interface Held {
  readonly clock: number;
  /** JSON text; null for a state that was taken back. */
  readonly state: string | null;
  readonly userId: string;
  /** Null for a state that came from another instance. */
  readonly owner: PresenceMember | null;
  readonly seenAt: number;
}

/** Server clocks are milliseconds since 1970; no client sets its state this often. */
const lowestServerClock = 100_000_000_000;

/** What [A3] puts into every state. */
const shownSchema = z.object({ user: z.object({ color: z.string() }).optional().catch(undefined) });
const stateSchema = z.record(z.string(), z.unknown()).nullable();

export interface PresenceOptions {
  readonly members: () => Iterable<PresenceMember>;
  /** Whether the user may show itself under this client id ([E2]). */
  readonly claim: (client: number, userId: string) => boolean;
  /** Passes local changes to other instances. */
  readonly onLocalChange: (entries: readonly PresenceEntry[]) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * The awareness states of one room ([A2] to [A5]). It numbers clocks by the time of day, so that they grow across
 * reconnects and restarts of the server, and merges what happens within 33 ms into one message a member.
 */
export class Presence {
  readonly #options: PresenceOptions;
  readonly #held = new Map<number, Held>();
  readonly #dirty = new Set<number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: PresenceOptions) {
    this.#options = options;
  }

  /** Takes a member's awareness update. Throws for bytes that are none; drops what the member may not say. */
  receive(member: PresenceMember, update: Uint8Array): void {
    for (const { client, clock, state } of readEntries(update)) {
      // A stock client repeats what it hears; only our clocks are that high. Its own start at zero.
      if (clock >= lowestServerClock) continue;
      const held = this.#held.get(client);
      if (held === undefined || held.owner !== member) {
        if (state === null || this.#countOf(member) >= mostAwarenessClients) continue;
        if (!this.#options.claim(client, member.user.id)) continue;
      }
      const forced = state === null ? null : JSON.stringify({ ...state, user: member.user });
      this.#put(client, {
        clock: this.#nextClock(client),
        state: forced,
        userId: member.user.id,
        owner: member,
      });
    }
  }

  /** Takes what another instance says. */
  receiveRemote(entries: readonly PresenceEntry[]): void {
    for (const { client, clock, state, userId } of entries) {
      const held = this.#held.get(client);
      if (held !== undefined && (held.owner !== null || held.clock >= clock)) continue;
      if (!this.#options.claim(client, userId)) continue;
      this.#put(client, { clock, state, userId, owner: null });
    }
  }

  /** Sends `member` everybody else's state. */
  sendAll(member: PresenceMember): void {
    const clients = [...this.#held].filter(([, held]) => held.state !== null && held.owner !== member);
    if (clients.length > 0) member.send(writeAwareness(encodeEntries(clients)));
  }

  /** Takes back every state of a member that left. */
  leave(member: PresenceMember): void {
    for (const [client, held] of this.#held) {
      if (held.owner !== member) continue;
      const clock = this.#nextClock(client);
      this.#put(client, { clock, state: null, userId: held.userId, owner: null });
    }
  }

  /** The colour of each person that other instances show here. */
  remoteColors(): ReadonlyMap<string, string> {
    const colors = new Map<string, string>();
    for (const { state, userId, owner } of this.#held.values()) {
      if (owner !== null || state === null) continue;
      const { user } = shownSchema.parse(JSON.parse(state));
      if (user !== undefined) colors.set(userId, user.color);
    }
    return colors;
  }

  /** All local states, for an instance that has just opened the room. */
  localEntries(): readonly PresenceEntry[] {
    return [...this.#held]
      .filter(([, held]) => held.owner !== null && held.state !== null)
      .map(([client, { clock, state, userId }]) => ({ client, clock, state, userId }));
  }

  /** Drops states of other instances that were not renewed: their instance died. */
  expire(): void {
    const oldest = this.#options.now() - awarenessLifetime;
    for (const [client, held] of this.#held) {
      if (held.owner !== null || held.seenAt > oldest) continue;
      if (held.state === null) this.#held.delete(client);
      else this.#put(client, { ...held, clock: held.clock + 1, state: null });
    }
  }

  destroy(): void {
    clearTimeout(this.#timer);
    this.#held.clear();
    this.#dirty.clear();
  }

  readonly #localChanges = new Set<number>();

  #put(client: number, held: Omit<Held, 'seenAt'>): void {
    const fromHere = held.owner !== null || this.#held.get(client)?.owner != null;
    this.#held.set(client, { ...held, seenAt: this.#options.now() });
    this.#dirty.add(client);
    if (fromHere) this.#localChanges.add(client);
    this.#timer ??= setTimeout(() => this.#flush(), awarenessInterval);
  }

  #flush(): void {
    this.#timer = undefined;
    const changed = [...this.#dirty].flatMap((client): [number, Held][] => {
      const held = this.#held.get(client);
      return held === undefined ? [] : [[client, held]];
    });
    this.#dirty.clear();
    const owners = new Set(changed.map(([, held]) => held.owner));
    const shared = writeAwareness(encodeEntries(changed));
    for (const member of this.#options.members()) {
      if (!owners.has(member)) {
        member.send(shared);
        continue;
      }
      // Its own state back, under our clock, would overwrite what it has set since.
      const others = changed.filter(([, held]) => held.owner !== member);
      if (others.length > 0) member.send(writeAwareness(encodeEntries(others)));
    }
    const local = changed.filter(([client]) => this.#localChanges.has(client));
    this.#localChanges.clear();
    if (local.length > 0) {
      this.#options.onLocalChange(
        local.map(([client, { clock, state, userId }]) => ({ client, clock, state, userId })),
      );
    }
  }

  #nextClock(client: number): number {
    return Math.max((this.#held.get(client)?.clock ?? 0) + 1, this.#options.now());
  }

  #countOf(member: PresenceMember): number {
    let count = 0;
    for (const held of this.#held.values()) if (held.owner === member) count += 1;
    return count;
  }
}

/** Reads an awareness update of y-protocols. Throws for anything else. */
function readEntries(
  update: Uint8Array,
): { readonly client: number; readonly clock: number; readonly state: Record<string, unknown> | null }[] {
  const decoder = decoding.createDecoder(update);
  const count = decoding.readVarUint(decoder);
  const entries: { client: number; clock: number; state: Record<string, unknown> | null }[] = [];
  for (let index = 0; index < count; index += 1) {
    const client = decoding.readVarUint(decoder);
    const clock = decoding.readVarUint(decoder);
    entries.push({ client, clock, state: stateSchema.parse(JSON.parse(decoding.readVarString(decoder))) });
  }
  return entries;
}

function encodeEntries(entries: readonly (readonly [number, Held])[]): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, entries.length);
    for (const [client, { clock, state }] of entries) {
      encoding.writeVarUint(encoder, client);
      encoding.writeVarUint(encoder, clock);
      encoding.writeVarString(encoder, state ?? 'null');
    }
  });
}

import {
  type accessChangedChannel,
  type cancelChannel,
  type canvasOutboxChannel,
  type GenerationEvent,
  generationEventChannel,
} from '../../shared/contracts/generation.ts';
import type { wakeChannel } from './names.ts';
import type { SqlExecutor } from './sql.ts';

export type Channel =
  | typeof wakeChannel
  | typeof cancelChannel
  | typeof generationEventChannel
  | typeof canvasOutboxChannel
  | typeof accessChangedChannel;

/** What Postgres hands to everybody who listens to `channel`; at most 8,000 bytes. */
export interface Message {
  readonly channel: Channel;
  readonly payload: string;
}

/**
 * Sends messages when the surrounding transaction commits: they are heard exactly when it is. Costs every other notifying
 * transaction of the server the wait for this one's commit, so it is for what is rare.
 */
export async function notifyAtCommit(sql: SqlExecutor, messages: readonly Message[]): Promise<void> {
  // The cast is for Prisma, which cannot read a column of type void.
  await sql.executeSql(
    `select pg_notify(m.channel, m.payload)::text as sent
       from unnest($1::text[], $2::text[]) as m(channel, payload)`,
    [messages.map((message) => message.channel), messages.map((message) => message.payload)],
  );
}

export function eventMessage(event: GenerationEvent): Message {
  return { channel: generationEventChannel, payload: JSON.stringify(event) };
}

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

/** Sends messages when the surrounding transaction commits, in one statement; Postgres allows 8,000 bytes each. */
export async function notify(
  sql: SqlExecutor,
  messages: readonly { readonly channel: Channel; readonly payload: string }[],
): Promise<void> {
  // The cast is for Prisma, which cannot read a column of type void.
  await sql.executeSql(
    `select pg_notify(m.channel, m.payload)::text as sent
       from unnest($1::text[], $2::text[]) as m(channel, payload)`,
    [messages.map((message) => message.channel), messages.map((message) => message.payload)],
  );
}

export function eventMessage(event: GenerationEvent): {
  readonly channel: Channel;
  readonly payload: string;
} {
  return { channel: generationEventChannel, payload: JSON.stringify(event) };
}

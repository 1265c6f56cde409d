import type { EventHub, FeedEvent, HubMessage } from './event-hub.ts';

export interface FeedOptions {
  readonly hub: EventHub;
  readonly organizationId: string;
  readonly userId: string;
  /** Only events of this canvas; null for the whole team. */
  readonly canvasId: string | null;
  /** Whether the subscriber is still a member; asked when somebody's access changed, and every half minute. */
  readonly mayStillRead: () => Promise<boolean>;
  readonly signal: AbortSignal;
}

const recheckEveryMs = 30_000;

/**
 * The events of a team or a canvas, until the subscriber leaves or loses access. Begins with `resync`, since what happened
 * before is in the rows. A slow reader gets the newest progress of each generation and skips the older ones, so nothing
 * piles up.
 */
export async function* followEvents(options: FeedOptions): AsyncGenerator<FeedEvent> {
  const { hub, organizationId, userId, signal } = options;
  let pending: FeedEvent[] = [{ kind: 'resync' }];
  let isCheckDue = false;
  let wake: () => void = () => undefined;
  const hear = (message: HubMessage) => {
    if (message.kind === 'access-changed') {
      if (message.organizationId !== organizationId || message.userId !== userId) return;
      isCheckDue = true;
    } else {
      if (!concerns(message.event, options)) return;
      pending = addEvent(pending, message.event);
    }
    wake();
  };
  const onAbort = () => wake();
  const unsubscribe = hub.subscribe(hear);
  signal.addEventListener('abort', onAbort);
  const recheck = setInterval(() => {
    isCheckDue = true;
    wake();
  }, recheckEveryMs);
  try {
    while (!signal.aborted) {
      if (isCheckDue) {
        isCheckDue = false;
        if (!(await options.mayStillRead())) return;
      }
      const batch = pending;
      pending = [];
      for (const event of batch) yield event;
      if (pending.length > 0 || isCheckDue || signal.aborted) continue;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  } finally {
    unsubscribe();
    signal.removeEventListener('abort', onAbort);
    clearInterval(recheck);
  }
}

function concerns(event: FeedEvent, options: FeedOptions): boolean {
  if (event.kind === 'resync') return true;
  if (event.organizationId !== options.organizationId) return false;
  return options.canvasId === null || event.canvasId === options.canvasId;
}

/** `pending` with `event` at its end; progress of the same generation that nobody has read yet is replaced. */
export function addEvent(pending: readonly FeedEvent[], event: FeedEvent): FeedEvent[] {
  if (event.kind !== 'progress') return [...pending, event];
  const others = pending.filter((one) => one.kind !== 'progress' || one.generationId !== event.generationId);
  return [...others, event];
}

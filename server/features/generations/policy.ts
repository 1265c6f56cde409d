import { AppError } from '../../../platform/errors.ts';
import type { Role } from '../../../shared/contracts/generation.ts';

/** Requests that may wait at once, so that one team or one person cannot fill the line without end. */
export const queueLimits = { perTeam: 500, perPerson: 100 } as const;

/** Who asked may cancel; owners may cancel anything of their team. */
export function mayCancel(
  caller: { readonly userId: string; readonly role: Role },
  generation: { readonly requestedById: string },
): boolean {
  return caller.userId === generation.requestedById || caller.role === 'owner';
}

/** Throws `too_many` when one more request would not fit. */
export function requireRoomInLine(waiting: { readonly team: number; readonly person: number }): void {
  if (waiting.person >= queueLimits.perPerson) {
    throw new AppError('too_many', `You already have ${waiting.person} requests in the queue.`, {
      fix: 'Wait for some of them, or cancel what you no longer need.',
    });
  }
  if (waiting.team >= queueLimits.perTeam) {
    throw new AppError('too_many', `Your team already has ${waiting.team} requests in the queue.`, {
      fix: 'Wait for some of them, or cancel what is no longer needed.',
    });
  }
}

/** Throws `unavailable` when no living worker would ever take the request. Nothing is queued in vain. */
export function requireServed(
  wanted: { readonly pool: string; readonly pack: string },
  served: readonly { readonly pool: string; readonly packs: readonly string[] }[],
): void {
  const pools = served.filter((one) => one.pool === wanted.pool);
  if (pools.length === 0) {
    throw new AppError('unavailable', 'No worker is running that makes this, so nothing was queued.', {
      fix: `Wait until the worker is back, or start one with: npx gesso worker --pools ${wanted.pool}`,
    });
  }
  const packs = pools.flatMap((one) => one.packs);
  if (packs.includes(wanted.pack)) return;
  throw new AppError(
    'unavailable',
    `No running worker has the model pack "${wanted.pack}", so nothing was queued.`,
    {
      fix:
        packs.length === 0
          ? 'Add it on the worker with npx gesso models add.'
          : `Choose another: ${packs.join(', ')}.`,
    },
  );
}

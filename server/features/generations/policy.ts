import type { Role } from '../../../shared/contracts/generation.ts';

/** Requests that may wait at once, so that one team or one person cannot fill the line without end. */
export const queueLimits = { perTeam: 500, perPerson: 100 } as const;

/** Why a request is not taken, and what to do about it. */
export interface Refusal {
  readonly code: 'too_many' | 'unavailable';
  readonly message: string;
  readonly fix: string;
}

/** Who asked may cancel, pause and resume; owners may do it to anything of their team. */
export function mayCancel(
  caller: { readonly userId: string; readonly role: Role },
  generation: { readonly requestedById: string },
): boolean {
  return caller.userId === generation.requestedById || caller.role === 'owner';
}

/** Refuses when one more request would not fit. */
export function refuseFullLine(waiting: { readonly team: number; readonly person: number }): Refusal | null {
  if (waiting.person >= queueLimits.perPerson) {
    return {
      code: 'too_many',
      message: `You already have ${waiting.person} requests in the queue.`,
      fix: 'Wait for some of them, or cancel what you no longer need.',
    };
  }
  if (waiting.team >= queueLimits.perTeam) {
    return {
      code: 'too_many',
      message: `Your team already has ${waiting.team} requests in the queue.`,
      fix: 'Wait for some of them, or cancel what is no longer needed.',
    };
  }
  return null;
}

/** Refuses when no living worker would ever take the request, so that nothing is queued in vain. */
export function refuseUnserved(
  wanted: { readonly pool: string; readonly pack: string },
  served: readonly { readonly pool: string; readonly packs: readonly string[] }[],
): Refusal | null {
  const pools = served.filter((one) => one.pool === wanted.pool);
  if (pools.length === 0) {
    return {
      code: 'unavailable',
      message: 'No worker is running that makes this, so nothing was queued.',
      fix: `Wait until the worker is back, or start one with: npx gesso worker --pools ${wanted.pool}`,
    };
  }
  const packs = pools.flatMap((one) => one.packs);
  if (packs.includes(wanted.pack)) return null;
  return {
    code: 'unavailable',
    message: `No running worker has the model pack "${wanted.pack}", so nothing was queued.`,
    fix:
      packs.length === 0
        ? 'Add it on the worker with npx gesso models add.'
        : `Choose another: ${packs.join(', ')}.`,
  };
}

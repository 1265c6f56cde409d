import type { Role } from '../../../shared/contracts/generation.ts';

/**
 * Whether a team keeps an owner when a member's role becomes `next` (null: the member goes). A team without an owner
 * could never invite anybody again.
 */
export function keepsAnOwner(options: {
  readonly held: Role;
  readonly next: Role | null;
  readonly owners: number;
}): boolean {
  const { held, next, owners } = options;
  return held !== 'owner' || next === 'owner' || owners > 1;
}

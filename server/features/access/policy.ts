import { type Role, roles } from '../../../shared/contracts/generation.ts';

/**
 * What a procedure asks of its caller, declared where the procedure is built. The authorization test walks the router
 * and fails for a procedure without one.
 */
export type AccessPolicy =
  /** Anybody, signed in or not. */
  | { readonly kind: 'public' }
  /** Anybody with a live session. */
  | { readonly kind: 'signed-in' }
  /** At least `role` in the team that the input names, or that owns the named project, canvas or generation. */
  | { readonly kind: 'team' | 'project' | 'canvas' | 'generation'; readonly role: Role };

/** Whether `held` is `needed` or stronger. Nobody (null) holds nothing. */
export function holdsRole(held: Role | null, needed: Role): boolean {
  return held !== null && roles.indexOf(held) >= roles.indexOf(needed);
}

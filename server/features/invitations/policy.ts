export type InvitationState = 'open' | 'used' | 'revoked' | 'expired';

/** What a stored invitation is worth at `now`. */
export function stateOf(
  invitation: { readonly status: string; readonly expiresAt: Date },
  now: Date,
): InvitationState {
  if (invitation.status === 'accepted') return 'used';
  if (invitation.status !== 'pending') return 'revoked';
  return invitation.expiresAt > now ? 'open' : 'expired';
}

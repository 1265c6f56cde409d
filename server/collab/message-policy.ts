import type { Role } from '../../shared/contracts/generation.ts';
import type { ClientMessage } from '../../shared/protocol/messages.ts';
import { type AccessPolicy, holdsRole } from '../features/access/policy.ts';

/** What a person must hold, in the team that owns the canvas, to say each message ([M4]). */
export const messagePolicies = {
  'sync-step-1': { kind: 'canvas', role: 'viewer' },
  'sync-step-2': { kind: 'canvas', role: 'editor' },
  update: { kind: 'canvas', role: 'editor' },
  awareness: { kind: 'canvas', role: 'viewer' },
  'query-awareness': { kind: 'canvas', role: 'viewer' },
} as const satisfies Readonly<Record<ClientMessage['kind'], AccessPolicy>>;

/** Whether somebody with `role` may say a message of this kind now. */
export function maySay(role: Role, kind: ClientMessage['kind']): boolean {
  return holdsRole(role, messagePolicies[kind].role);
}

import { createAccessControl } from 'better-auth/plugins/access';

/** What there is to do in a team, in better-auth's words. Who may call which procedure is said by its policy. */
const statement = {
  organization: ['update', 'delete'],
  member: ['create', 'update', 'delete'],
  invitation: ['create', 'cancel'],
  project: ['create', 'update', 'delete'],
  canvas: ['create', 'read', 'update', 'delete'],
  generation: ['create', 'read', 'cancel', 'delete'],
} as const;

export const accessControl = createAccessControl(statement);

export const teamRoles = {
  owner: accessControl.newRole({
    organization: ['update', 'delete'],
    member: ['create', 'update', 'delete'],
    invitation: ['create', 'cancel'],
    project: ['create', 'update', 'delete'],
    canvas: ['create', 'read', 'update', 'delete'],
    generation: ['create', 'read', 'cancel', 'delete'],
  }),
  editor: accessControl.newRole({
    project: ['create', 'update', 'delete'],
    canvas: ['create', 'read', 'update', 'delete'],
    generation: ['create', 'read', 'cancel', 'delete'],
  }),
  viewer: accessControl.newRole({ canvas: ['read'], generation: ['read'] }),
};

import type { Role } from '../../shared/contracts/generation.ts';

/** The roles for a person who chooses one, strongest first. */
export const roleOptions: readonly { readonly value: Role; readonly label: string; readonly hint: string }[] =
  [
    { value: 'owner', label: 'Owner', hint: 'Also invites people and changes roles' },
    { value: 'editor', label: 'Editor', hint: 'Paints, prompts and generates' },
    { value: 'viewer', label: 'Viewer', hint: 'Looks, follows and downloads' },
  ];

/** "an editor", in the middle of a sentence. */
export function roleNoun(role: Role): string {
  switch (role) {
    case 'owner':
      return 'an owner';
    case 'editor':
      return 'an editor';
    case 'viewer':
      return 'a viewer';
  }
}

/** What the role may do, as the rest of "You will be able to …". */
export function roleAbility(role: Role): string {
  switch (role) {
    case 'owner':
      return 'paint, prompt, generate, invite people and change roles';
    case 'editor':
      return 'paint, prompt and generate';
    case 'viewer':
      return 'look at everything, follow the others and download';
  }
}

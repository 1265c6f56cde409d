import type { ClosedReason } from '../../_editor/document/connection.ts';

/** Why a canvas closed, what is safe, and what helps: `reload` opens it anew, `sign-in` asks who it is, `leave` goes home. */
interface ClosedWords {
  readonly title: string;
  readonly text: string;
  readonly way: 'reload' | 'sign-in' | 'leave';
}

const kept = 'Everything you did until then is saved.';

export function closedWords(reason: ClosedReason): ClosedWords {
  switch (reason) {
    case 'signed-out':
      return {
        title: 'You were signed out',
        text: 'Your last edits are kept in this browser and sent when you sign in again.',
        way: 'sign-in',
      };
    case 'not-allowed':
      return {
        title: 'You no longer have access',
        text: `An owner of the team changed it. ${kept}`,
        way: 'leave',
      };
    case 'not-found':
      return {
        title: 'This canvas is not here any more',
        text: `It was moved to the trash, or you are not in its team. ${kept}`,
        way: 'leave',
      };
    case 'outdated':
      return { title: 'This canvas was rebuilt', text: `Open it again to go on. ${kept}`, way: 'reload' };
    case 'read-only':
      return {
        title: 'You can look, but no longer edit',
        text: 'Your role became viewer while you were editing. Open the canvas again to follow along.',
        way: 'reload',
      };
    case 'too-large':
      return {
        title: 'The last edit was too large',
        text: 'It could not be saved. Everything before it is. Open the canvas again to go on.',
        way: 'reload',
      };
    case 'bad-input':
      return {
        title: 'The connection was closed',
        text: 'This page sent something the server could not read. What was saved is safe. Open the canvas again.',
        way: 'reload',
      };
  }
}

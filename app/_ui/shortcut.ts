/** Whether this device's keyboard has a ⌘ key. On the server, no. */
export function isApple(): boolean {
  return typeof navigator !== 'undefined' && /Mac|iPhone|iPad/.test(navigator.platform);
}

const appleNames: Readonly<Record<string, string>> = {
  Mod: '⌘',
  Shift: '⇧',
  Alt: '⌥',
  Enter: '↵',
  Backspace: '⌫',
  ArrowLeft: '←',
  ArrowRight: '→',
  Escape: 'Esc',
};
const otherNames: Readonly<Record<string, string>> = {
  ...appleNames,
  Mod: 'Ctrl',
  Shift: 'Shift',
  Alt: 'Alt',
};

/** A shortcut such as `Mod+Enter` as a person reads it: `⌘↵` on Apple's keyboards, `Ctrl ↵` on others. */
export function formatShortcut(shortcut: string, apple: boolean): string {
  const names = apple ? appleNames : otherNames;
  const keys = shortcut.split('+').map((key) => names[key] ?? key);
  return keys.join(apple ? '' : ' ');
}

/** The shortcut as `aria-keyshortcuts` wants it. */
export function ariaShortcut(shortcut: string, apple: boolean): string {
  return shortcut.replace('Mod', apple ? 'Meta' : 'Control');
}

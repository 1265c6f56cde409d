/**
 * Puts the focus on a panel that has just opened, not on the first button in it: its name is read out, Escape closes it
 * at once, and no tooltip covers it. A field that asked for the focus itself keeps it.
 */
export function focusPanel(event: Event): void {
  event.preventDefault();
  if (event.currentTarget instanceof HTMLElement) event.currentTarget.focus();
}

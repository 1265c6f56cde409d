/** Id of the element that takes the canvas's keys. */
export const stageId = 'stage';

/** Gives the keyboard to the canvas, for when what had it is gone. */
export function focusStage(): void {
  document.getElementById(stageId)?.focus({ preventScroll: true });
}

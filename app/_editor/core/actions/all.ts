import type { Action } from '../action.ts';
import { controlActions } from './controls.ts';
import { editActions } from './edit.ts';
import { layerActions, maskActions } from './layers.ts';
import { referenceActions } from './reference.ts';
import { brushActions, toolActions } from './tools.ts';
import { frameActions, viewActions } from './view.ts';

/** Everything the editor itself can do. The studio around it adds its own through `EditorProvider`. */
export const editorActions: readonly Action[] = [
  ...toolActions,
  ...brushActions,
  ...editActions,
  ...layerActions,
  ...maskActions,
  ...controlActions,
  ...referenceActions,
  ...frameActions,
  ...viewActions,
];

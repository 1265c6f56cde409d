import type { Editor } from '../core/editor.ts';
import type { Tool, ToolId } from '../core/tool.ts';
import { createToolMachine, type ToolMachine } from '../core/tool-machine.ts';
import { idle as brushIdle } from './brush/idle.ts';
import { idle as frameIdle } from './frame/idle.ts';
import { idle as handIdle } from './hand/idle.ts';
import { idle as selectIdle } from './select/idle.ts';
import { idle as zoomIdle } from './zoom/idle.ts';

/** All tools of an editor, the select tool in hand. */
export function createTools(editor: Editor): ToolMachine {
  const tools: readonly Tool[] = [
    { id: 'select', idle: () => selectIdle(editor) },
    { id: 'hand', idle: () => handIdle(editor) },
    { id: 'brush', idle: () => brushIdle(editor, 'brush') },
    { id: 'eraser', idle: () => brushIdle(editor, 'eraser') },
    { id: 'frame', idle: () => frameIdle(editor) },
    { id: 'zoom', idle: () => zoomIdle(editor) },
  ];
  return createToolMachine(new Map<ToolId, Tool>(tools.map((tool) => [tool.id, tool])), 'select');
}

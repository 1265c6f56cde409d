'use client';

import { createContext, useContext, useSyncExternalStore } from 'react';
import type { CanvasModel, ContentHash } from '../../../shared/document/schema.ts';
import type { Action } from '../core/action.ts';
import type { Editor, Notice } from '../core/editor.ts';
import type { RemoteInk } from '../core/remote-ink.ts';
import type { Readable } from '../core/store.ts';
import type { InputRouter } from '../core/input-router.ts';
import type { PictureStore } from '../render/pictures.ts';

/** An uploaded picture as the asset store knows it. */
export interface UploadedPicture {
  readonly hash: string;
  readonly width: number;
  readonly height: number;
}

/** Everything that the editor's components share. */
export interface EditorParts {
  readonly editor: Editor;
  readonly router: InputRouter;
  readonly actions: readonly Action[];
  readonly pictures: PictureStore;
  readonly remoteInk: Readable<readonly RemoteInk[]>;
  readonly uploads: Readable<readonly Upload[]>;
  /** Uploads files one after the other and places them side by side around a canvas point. */
  placeFiles(files: readonly File[], at: { readonly x: number; readonly y: number }): void;
  notify(notice: Notice): void;
}

/** A picture on its way: a skeleton of its size where it will be. */
export interface Upload {
  readonly id: string;
  readonly name: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Signed addresses of stored files, by hash. A hash that may not be seen is left out. */
export type ResolveAssets = (hashes: readonly ContentHash[]) => Promise<Readonly<Record<string, string>>>;

export const EditorContext = createContext<EditorParts | null>(null);

export function useEditorParts(): EditorParts {
  const parts = useContext(EditorContext);
  if (parts === null) throw new Error('this component needs an EditorProvider above it');
  return parts;
}

/** The editor of the canvas on this page. */
export function useEditor(): Editor {
  return useEditorParts().editor;
}

/** The value of a store; the component draws again when it changes. */
export function useReadable<T>(readable: Readable<T>): T {
  return useSyncExternalStore(readable.subscribe, readable.get, readable.get);
}

/** The whole canvas as plain data. Draws again with every change of the document. */
export function useCanvasModel(): CanvasModel {
  return useReadable(useEditor().document.model);
}

/** Every action of the editor and of the studio around it. */
export function useActions(): readonly Action[] {
  return useEditorParts().actions;
}

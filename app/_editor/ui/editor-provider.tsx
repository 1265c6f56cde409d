'use client';

import { type ReactNode, useEffect, useMemo, useRef, useState } from 'react';
import type { Awareness } from 'y-protocols/awareness';
import type * as Y from 'yjs';
import { editorActions } from '../core/actions/all.ts';
import type { Action } from '../core/action.ts';
import { announcePeople } from '../core/announce-people.ts';
import { startBroadcast } from '../core/broadcast.ts';
import { createEditor, type Notice, type Person } from '../core/editor.ts';
import { createInputRouter } from '../core/input-router.ts';
import { watchRemoteInk } from '../core/remote-ink.ts';
import { createStore, type Store } from '../core/store.ts';
import { fitAll, startFollowing } from '../core/view.ts';
import { createAwarenessPresence } from '../document/awareness-presence.ts';
import { createCanvasDocument } from '../document/canvas-document.ts';
import { createPictureStore } from '../render/pictures.ts';
import { createTools } from '../tools/registry.ts';
import {
  EditorContext,
  type EditorParts,
  type ResolveAssets,
  type UploadedPicture,
} from './editor-context.ts';
import { edgeMapAction } from './edge-maps.ts';
import { loadImage } from './load-image.ts';
import { createUploader } from './uploader.ts';
import { useShortcuts } from './use-shortcuts.ts';

interface EditorProviderProps {
  /** What `openCanvasConnection` gives. A new connection makes a new editor. */
  readonly connection: { readonly doc: Y.Doc; readonly awareness: Awareness };
  readonly person: Person;
  readonly canEdit: boolean;
  readonly resolveAssets: ResolveAssets;
  /** Stores one picture file; rejects with an error whose message a person can read. */
  readonly uploadPicture: (file: File) => Promise<UploadedPicture>;
  /** Stores one 256 × 256 tile of grey values; rejects in the same way. */
  readonly uploadTile: (tile: Blob) => Promise<{ readonly hash: string }>;
  /** Shows a message; `undoable` ones get an Undo button that calls `undo`. */
  readonly onNotice: (notice: Notice, undo: () => void) => void;
  /** What the studio can do here: joins the palette, the cheat sheet and the shortcuts. Keep the array stable. */
  readonly actions?: readonly Action[];
  readonly children: ReactNode;
}

const noActions: readonly Action[] = [];

/** One open canvas. Everything of the editor below it shares this editor. */
export function EditorProvider(props: EditorProviderProps) {
  const { connection, person, children, actions: more = noActions } = props;
  const latest = useRef(props);
  latest.current = props;
  const [parts, setParts] = useState<EditorParts | null>(null);
  const canEdit = useRef<Store<boolean> | null>(null);
  const { userId, name } = person;

  useEffect(() => {
    const mayEdit = createStore(latest.current.canEdit);
    canEdit.current = mayEdit;
    const open = openEditor({ connection, person: { userId, name }, canEdit: mayEdit, latest });
    setParts(open.parts);
    return () => {
      setParts(null);
      open.close();
    };
  }, [connection, userId, name]);

  useEffect(() => canEdit.current?.set(props.canEdit), [props.canEdit]);

  const own = parts?.actions;
  const actions = useMemo(() => [...editorActions, ...(own ?? []), ...more], [own, more]);
  const value = useMemo(() => (parts === null ? null : { ...parts, actions }), [parts, actions]);
  if (value === null) return null;
  return (
    <EditorContext.Provider value={value}>
      <Shortcuts />
      {children}
    </EditorContext.Provider>
  );
}

function Shortcuts() {
  useShortcuts();
  return null;
}

function openEditor(options: {
  readonly connection: EditorProviderProps['connection'];
  readonly person: Person;
  readonly canEdit: Store<boolean>;
  readonly latest: { readonly current: EditorProviderProps };
}): { readonly parts: EditorParts; readonly close: () => void } {
  const { connection, person, canEdit, latest } = options;
  const canvas = createCanvasDocument({ doc: connection.doc, canEdit });
  const presence = createAwarenessPresence({ awareness: connection.awareness });
  const notify = (notice: Notice) => latest.current.onNotice(notice, () => canvas.undo());
  const editor = createEditor({
    person,
    document: canvas,
    presence,
    createTools,
    notify,
    newId: () => crypto.randomUUID(),
    now: () => performance.now(),
  });
  const pictures = createPictureStore({
    resolve: (hashes) => latest.current.resolveAssets(hashes),
    load: loadImage,
  });
  const uploader = createUploader({
    editor,
    pictures,
    upload: (file) => latest.current.uploadPicture(file),
  });
  const remote = watchRemoteInk(editor, (ms, act) => {
    const timer = setInterval(act, ms);
    return () => clearInterval(timer);
  });
  editor.onDispose(() => canvas.destroy());
  editor.onDispose(() => presence.destroy());
  editor.onDispose(() => pictures.destroy());
  editor.onDispose(remote.stop);
  editor.onDispose(startBroadcast(editor));
  editor.onDispose(startFollowing(editor));
  editor.onDispose(showAwayWhenHidden(presence));
  editor.onDispose(fitOnce(editor));
  editor.onDispose(retryWhenOnline(pictures));
  editor.onDispose(announcePeople(editor));
  return {
    parts: {
      editor,
      router: createInputRouter(editor),
      actions: [
        edgeMapAction({
          editor,
          pictures,
          uploader,
          uploadTile: (tile) => latest.current.uploadTile(tile),
        }),
      ],
      pictures,
      remoteInk: remote.ink,
      uploads: uploader.uploads,
      placeFiles: uploader.place,
      notify,
    },
    close: () => editor.dispose(),
  };
}

/** Shows everything as soon as the stage has a size; after that the view is the person's own. */
function fitOnce(editor: EditorParts['editor']): () => void {
  const stop = editor.viewport.subscribe(() => {
    if (editor.viewport.get().width === 0) return;
    stop();
    fitAll(editor);
  });
  return stop;
}

/** Pictures that failed while the network was gone are loaded when it is back. */
function retryWhenOnline(pictures: EditorParts['pictures']): () => void {
  const retry = () => pictures.retry();
  window.addEventListener('online', retry);
  return () => window.removeEventListener('online', retry);
}

function showAwayWhenHidden(presence: { show(change: { readonly away: boolean }): void }): () => void {
  const update = () => presence.show({ away: document.hidden });
  document.addEventListener('visibilitychange', update);
  update();
  return () => document.removeEventListener('visibilitychange', update);
}

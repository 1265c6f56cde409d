'use client';

import { createContext, useContext } from 'react';
import type { Role } from '../../../shared/contracts/generation.ts';
import type { RouterOutputs } from '../../_client/trpc.ts';
import type { CanvasConnection } from '../../_editor/document/connection.ts';
import type { GenerationFeed } from '../generation/use-generation-feed.ts';

export type CanvasPlace = RouterOutputs['canvases']['get'];

/** What every part of the canvas screen knows. */
export interface CanvasParts {
  readonly place: CanvasPlace;
  readonly canvasId: string;
  readonly organizationId: string;
  /** The role that counts now: it may change while the canvas is open. */
  readonly role: Role;
  readonly readOnly: boolean;
  readonly connection: CanvasConnection;
  readonly feed: GenerationFeed;
  /** The name of a member, or "Somebody who left". */
  readonly nameOf: (userId: string) => string;
}

export const CanvasContext = createContext<CanvasParts | null>(null);

/** The canvas on this page. */
export function useCanvas(): CanvasParts {
  const parts = useContext(CanvasContext);
  if (parts === null) throw new Error('useCanvas needs a canvas screen above it.');
  return parts;
}

import type { LayerId, OutputId, Stroke, Transform } from '../../../shared/document/schema.ts';
import type { PersonColor } from '../../../shared/color/person-color.ts';
import type { Point } from '../../../shared/geometry/point.ts';
import type { Camera } from './camera.ts';
import type { Readable } from './store.ts';

/** A stroke while it is drawn: all samples of it, or the last ones when it grew too long for one message. */
export interface LiveInk {
  readonly strokeId: Stroke['id'];
  readonly layerId: LayerId;
  readonly tool: Stroke['tool'];
  readonly size: number;
  readonly opacity: number;
  readonly hardness: number;
  /** Number of the first sample in `points`. */
  readonly from: number;
  /** `packStroke` bytes in base64: awareness travels as JSON. */
  readonly points: string;
}

/** What everybody shows of themselves. Whole values only; `null` takes one back. */
export interface PresenceState {
  /** Mouse or pen on the canvas, canvas pixels. */
  readonly pointer: Point | null;
  readonly selection: readonly LayerId[];
  /** What is on their screen: to follow them. */
  readonly view: { readonly camera: Camera; readonly width: number; readonly height: number } | null;
  readonly tool: string;
  /** Layers in mid-drag, where they would land. */
  readonly drag: Readonly<Record<string, Transform>> | null;
  readonly frameDrag: readonly [number, number, number, number] | null;
  readonly ink: LiveInk | null;
  /** The candidate they look at. */
  readonly looking: OutputId | null;
  readonly away: boolean;
}

export const emptyPresence: PresenceState = {
  pointer: null,
  selection: [],
  view: null,
  tool: 'select',
  drag: null,
  frameDrag: null,
  ink: null,
  looking: null,
  away: false,
};

/** Somebody else on the canvas, one entry a browser tab. */
export interface Peer extends PresenceState {
  readonly clientId: number;
  readonly userId: string;
  readonly name: string;
  /** As the server hands them out: different for everybody on the canvas, while there are enough. */
  readonly color: PersonColor;
}

export interface PresencePort {
  readonly peers: Readable<readonly Peer[]>;
  /** Changes what others see of this tab. Cheap to call often: sent at most 20 times a second. */
  show(change: Partial<PresenceState>): void;
}

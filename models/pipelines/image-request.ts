import type { ControlKind, ControlRange, GenerationSettings } from '../../shared/contracts/recipe.ts';
import type { GrayPicture, RgbPicture } from './image/picture.ts';

/** One picture to make: a person's settings and the pixels that go with them. */
export interface ImageRequest extends GenerationSettings {
  /**
   * The picture to start from, at the request's width and height, for upscale at its `scale`-th part of them. Needed by every mode
   * but text-to-image.
   */
  readonly source: RgbPicture | null;
  /** How opaque the source is, 255 = opaque; only upscale reads it. Absent for an opaque one. */
  readonly alpha?: GrayPicture;
  /**
   * What to repaint, at the request's width and height: 0 keeps a pixel exactly, 255 repaints it, between blends. Needed by
   * inpaint and extend; in extend it covers what has no pixels yet.
   */
  readonly mask: GrayPicture | null;
  readonly controls: readonly ControlMap[];
  /** A picture whose look is followed, any size; only for packs that can. */
  readonly reference?: { readonly picture: RgbPicture; readonly strength: number };
}

/** A map the picture should follow. Any size; it is stretched over the frame. */
export interface ControlMap {
  readonly kind: ControlKind;
  /** 0 ignores the map, 1 follows it as it was trained; only control networks take more. */
  readonly strength: number;
  /** The part of the run in which it is followed, as shares of its steps. */
  readonly range: ControlRange;
  readonly picture: RgbPicture;
}

export interface ImageTimings {
  /** Milliseconds for encoding the prompts; 0 when both were encoded before. */
  readonly textMs: number;
  readonly denoiseMs: number;
  readonly upscaleMs: number;
  readonly totalMs: number;
  /** Milliseconds of `totalMs` outside the graphs. */
  readonly overheadMs: number;
  /** Milliseconds of `denoiseMs` that the network spent on pictures of other requests in the same runs. */
  readonly othersMs?: number;
  /** Network evaluations, each guidance branch counted. */
  readonly evaluations: number;
}

/** A LoRA that was merged into the model for a picture. */
export interface AppliedLora {
  readonly name: string;
  readonly strength: number;
  /** SHA-256 of its file. */
  readonly sha256: string;
}

/** What a running generation says, in order: progress after each step, one result at the end. */
export type ImageEvent =
  | {
      readonly type: 'progress';
      readonly step: number;
      readonly steps: number;
      /** Draws the picture as it stands, until the next event is asked for; null where there is nothing to see. */
      readonly preview: (() => RgbPicture) | null;
    }
  | {
      readonly type: 'result';
      readonly width: number;
      readonly height: number;
      readonly rgb: Uint8Array;
      /** How opaque each pixel is, where the source of an enlargement was not opaque everywhere. */
      readonly alpha?: Uint8Array;
      readonly timings: ImageTimings;
      /** LoRAs that the prompt asked for. */
      readonly loras?: readonly AppliedLora[];
      /** Sentences about parts of the request that had no effect. */
      readonly notices?: readonly string[];
    };

import { z } from 'zod';
import {
  arithmeticSchema,
  type ControlKind,
  type ControlRange,
  controlKindSchema,
  controlRangeSchema,
  controlStrengthSchema,
  generationModes,
  imageGuidanceScaleSchema,
  usualImageGuidanceScale,
} from '../contracts/recipe.ts';
import { segmentColors } from '../raster/segment-colors.ts';

/**
 * The shape of a canvas document. One Y.Doc a canvas; its root types are
 *
 *   meta        Y.Map   { schema: number }
 *   layers      Y.Map   layer id → Y.Map (see `layerKeys`)
 *   frame       Y.Map   { rect: [x, y, w, h] }
 *   reference   Y.Map   { picture: ReferencePicture, strength: number }: whose look the next pictures follow
 *   prompt      Y.Text
 *   negative    Y.Text
 *   settings    Y.Map   one key a generation setting (see `settingsSchema`)
 *   candidates  Y.Map   output id → Candidate: the staging strip, filled by the server
 *
 * A property set that changes together is ONE plain value, so that tombstones merge and nobody sees half a change.
 * Every value is parsed on read: an editor may write anything, so what does not parse is ignored, numbers are clamped.
 */
export const schemaVersion = 1;

export type LayerId = string & { readonly brand: 'LayerId' };
export type OutputId = string & { readonly brand: 'OutputId' };
/** SHA-256 of a stored file, 64 lower-case hex digits. */
export type ContentHash = string & { readonly brand: 'ContentHash' };

export const contentHashSchema = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .transform((text) => text as ContentHash);
const idSchema = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);
export const layerIdSchema = idSchema.transform((text) => text as LayerId);
export const outputIdSchema = idSchema.transform((text) => text as OutputId);

const coordinate = z.number().min(-1_000_000).max(1_000_000);
const scale = z.number().min(-1_000).max(1_000);

/** Placement of a layer's pixels on the canvas: position of the top-left corner in canvas pixels, scale, rotation in degrees. */
export const transformSchema = z
  .tuple([coordinate, coordinate, scale, scale, z.number().min(-36_000).max(36_000)])
  .readonly();
export type Transform = z.infer<typeof transformSchema>;
export const identityTransform: Transform = [0, 0, 1, 1, 0];

/** Parent layer (null for the root) and jittered fractional index; order is (index, id). */
export const positionSchema = z.tuple([layerIdSchema.nullable(), z.string().min(1).max(400)]).readonly();

/** x, y, width, height in canvas pixels. */
export const rectSchema = z
  .tuple([coordinate, coordinate, z.number().min(1).max(8192), z.number().min(1).max(8192)])
  .readonly();
export type Rect = z.infer<typeof rectSchema>;

export const defaultFrame: Rect = [0, 0, 256, 256];
/** Frame edges are multiples of this many canvas pixels. */
export const frameStep = 64;

export const blendModes = ['normal', 'multiply', 'screen', 'overlay', 'darken', 'lighten'] as const;
export const blendModeSchema = z.enum(blendModes);
export type BlendMode = z.infer<typeof blendModeSchema>;

/** Side of a mask tile in mask pixels. */
export const tileSize = 256;

/**
 * One brush stroke, committed at pointer-up and stored as one binary value (`encodeStroke`). `points` holds, per point, x, y and pressure packed by
 * `packStroke`; coordinates are in the layer's own pixels. Array order is paint order everywhere.
 */
export const strokeSchema = z.object({
  id: idSchema,
  tool: z.enum(['brush', 'eraser']),
  /** Diameter in layer pixels at full pressure. */
  size: z.number().min(0.5).max(2_000),
  opacity: z.number().min(0).max(1),
  /** 0 soft … 1 hard edge. */
  hardness: z.number().min(0).max(1),
  points: z
    .instanceof(Uint8Array)
    .refine((bytes) => bytes.length <= 256 * 1024, 'a stroke of more than 256 KiB'),
  /** Who painted it. */
  by: z.string().max(64),
});
export type Stroke = z.infer<typeof strokeSchema>;

/** Keys of a layer's Y.Map. `tiles` is a Y.Map "x,y" → ContentHash, `strokes` a Y.Array of encoded strokes (the unbaked tail). */
export const layerKeys = {
  kind: 'kind',
  position: 'pos',
  transform: 'xf',
  name: 'name',
  opacity: 'opacity',
  blend: 'blend',
  hidden: 'hidden',
  locked: 'locked',
  deleted: 'del',
  size: 'size',
  asset: 'asset',
  outputId: 'output',
  tiles: 'tiles',
  strokes: 'strokes',
  inverted: 'inverted',
  map: 'map',
  region: 'region',
  strength: 'strength',
  range: 'range',
} as const;

/** Values that only control layers have. */
export const controlSchemas = {
  map: controlKindSchema,
  /** Number of the segmentation's colour that is painted. */
  region: z
    .number()
    .int()
    .min(0)
    .max(segmentColors.length - 1),
  strength: controlStrengthSchema,
  range: controlRangeSchema,
} as const;

interface LayerBase {
  readonly id: LayerId;
  readonly name: string;
  readonly parent: LayerId | null;
  readonly index: string;
  readonly transform: Transform;
  readonly opacity: number;
  readonly blend: BlendMode;
  readonly hidden: boolean;
  readonly locked: boolean;
}

export interface ImageLayer extends LayerBase {
  readonly kind: 'image';
  readonly asset: ContentHash;
  /** Natural size of the picture in pixels. */
  readonly width: number;
  readonly height: number;
  /** The generation output it came from, when it came from one. */
  readonly outputId: OutputId | null;
}

/** What a brush paints on. */
interface Painted {
  /** Baked tiles: "column,row" of 256-px tiles → hash of an 8-bit greyscale PNG (255 = fully covered). */
  readonly tiles: ReadonlyMap<string, ContentHash>;
  /** Strokes not baked yet, painted over the tiles in order. */
  readonly strokes: readonly Stroke[];
}

export interface MaskLayer extends LayerBase, Painted {
  readonly kind: 'mask';
  /** The mask's meaning turned around, after tiles and strokes. */
  readonly inverted: boolean;
}

/**
 * A map that the picture should follow. What is painted is white on black, the paint's opacity its brightness; on a
 * segmentation it is the colour of one region, and all visible regions make one map.
 */
export interface ControlLayer extends LayerBase, Painted {
  readonly kind: 'control';
  readonly map: ControlKind;
  /** A stored picture that lies under the paint, at the layer's origin; null for a map that is only painted. */
  readonly picture: {
    readonly asset: ContentHash;
    readonly width: number;
    readonly height: number;
  } | null;
  readonly region: number;
  readonly strength: number;
  readonly range: ControlRange;
}

/** Layers that take strokes. */
export type PaintLayer = MaskLayer | ControlLayer;
export type Layer = ImageLayer | PaintLayer;

export function isPaintLayer(layer: Layer): layer is PaintLayer {
  return layer.kind === 'mask' || layer.kind === 'control';
}

/** A stored picture that the next pictures follow: what it shows, not where. */
export const referencePictureSchema = z.object({
  asset: contentHashSchema,
  /** What people know it by. */
  name: z.string().transform((text) => text.slice(0, 200)),
});
export type ReferencePicture = z.infer<typeof referencePictureSchema>;

export interface Reference extends ReferencePicture {
  /** 0 ignores it, 1 follows it as it was trained. */
  readonly strength: number;
}

/** Strength of a reference until somebody changes it. */
export const usualReferenceStrength = 1;

/** Shared generation settings; each is its own key in the `settings` map. */
export const settingsSchema = z.object({
  pack: z.string().min(1).max(100).catch('house-image'),
  /** auto lets the canvas decide: pictures under the frame → refine, a mask → fill, an empty part → extend. */
  mode: z.enum(['auto', ...generationModes]).catch('auto'),
  /** null draws a new seed for every request. */
  seed: z.number().int().min(0).max(0xffff_ffff).nullable().catch(null),
  /** This and the guidance scale as the house pack draws best. */
  steps: z.number().int().min(1).max(50).catch(8),
  guidanceScale: z.number().min(0).max(30).catch(2),
  strength: z.number().min(0.05).max(1).catch(0.6),
  imageGuidanceScale: imageGuidanceScaleSchema.catch(usualImageGuidanceScale),
  solver: z.enum(['flow-euler', 'flow-heun']).catch('flow-euler'),
  arithmetic: arithmeticSchema.catch('exact'),
  count: z.number().int().min(1).max(8).catch(2),
});
export type Settings = z.infer<typeof settingsSchema>;

/** Where a finished picture lies on the canvas when it takes the place of a layer: turned, mirrored and stacked as that is. */
export const placementSchema = z.object({
  /** Of the finished picture's own pixels. */
  transform: transformSchema,
  /** The layer that it goes above. */
  above: layerIdSchema,
});

/** One finished picture in the staging strip. Written by the server, keyed by the output's id: a retry changes nothing. */
export const candidateSchema = z.object({
  generationId: idSchema,
  asset: contentHashSchema,
  width: z.number().int().min(1).max(8192),
  height: z.number().int().min(1).max(8192),
  rect: rectSchema,
  /** Instead of filling `rect`. */
  placement: placementSchema.optional(),
  seed: z.number().int().min(0),
  prompt: z.string().max(2_000),
  requestedBy: z.string().max(64),
  at: z.number(),
  state: z.enum(['staged', 'accepted', 'discarded']),
  /** The layer it became, when accepted. */
  layerId: layerIdSchema.nullable(),
});
export type Candidate = z.infer<typeof candidateSchema> & { readonly id: OutputId };

/** A whole canvas as plain data: what the editor draws, what the worker composes. Layers are bottom first. */
export interface CanvasModel {
  readonly layers: readonly Layer[];
  readonly frame: Rect;
  readonly reference: Reference | null;
  readonly prompt: string;
  readonly negativePrompt: string;
  readonly settings: Settings;
  /** Oldest first, discarded ones left out. */
  readonly candidates: readonly Candidate[];
}

/** Most characters that a prompt keeps. */
export const longestPrompt = 2_000;

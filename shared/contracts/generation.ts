import { z } from 'zod';
import {
  contentHashSchema,
  layerIdSchema,
  outputIdSchema,
  placementSchema,
  rectSchema,
} from '../document/schema.ts';
import {
  arithmeticSchema,
  controlKindSchema,
  controlRangeSchema,
  controlStrengthSchema,
  fitsMode,
  generationSettingsSchema,
  imageGuidanceScaleSchema,
  sizeOfModeIssue,
  usualImageGuidanceScale,
} from './recipe.ts';

/** Capability pools a worker may serve. A pool without a live worker accepts no work. */
export const pools = ['image', 'video', 'audio', '3d', 'science', 'text'] as const;
export const poolSchema = z.enum(pools);
export type Pool = z.infer<typeof poolSchema>;

/** Where the source pixels and the mask of a request come from. */
export const generationSourceSchema = z.discriminatedUnion('kind', [
  /** Text alone. */
  z.object({ kind: z.literal('none') }),
  /** What the canvas shows inside the frame; layers are composed by the worker from the stored canvas version. */
  z.object({ kind: z.literal('canvas') }),
  /** Stored files of the team, for requests without a canvas (and for running a recipe again). */
  z.object({ kind: z.literal('assets'), source: contentHashSchema, mask: contentHashSchema.nullable() }),
]);

/** Most maps that one request follows. */
export const mostControls = 8;

/** One map to follow: control layers of the stored canvas version, composed by the worker, or a stored file. */
export const controlRequestSchema = z.object({
  kind: controlKindSchema,
  strength: controlStrengthSchema,
  range: controlRangeSchema,
  source: z.discriminatedUnion('kind', [
    /** Several layers make one map together: the regions of a segmentation. */
    z.object({ kind: z.literal('layers'), layerIds: z.array(layerIdSchema).min(1).max(64) }),
    z.object({ kind: z.literal('asset'), asset: contentHashSchema }),
  ]),
});
export type ControlRequest = z.infer<typeof controlRequestSchema>;

/** A stored picture of the team whose look is followed. */
const referenceRequestSchema = z.object({ asset: contentHashSchema, strength: controlStrengthSchema });

/**
 * What the worker is asked to do; stored whole on the generation row and sent as the job's input. One request gives
 * `count` pictures with seeds `seed`, `seed + 1`, … (mod 2³²).
 */
export const generationRequestSchema = z
  .object({
    pool: poolSchema,
    pack: z.string().min(1).max(100),
    /** With pixels of each finished picture. An upscale's prompt is what people know the picture by, and is not read. */
    ...generationSettingsSchema.shape,
    count: z.number().int().min(1).max(8),
    /** Only instruct reads it. */
    imageGuidanceScale: imageGuidanceScaleSchema.default(usualImageGuidanceScale),
    /** Requests from before there was a choice were computed exactly. */
    arithmetic: arithmeticSchema.default('exact'),
    /** Where on the canvas the result belongs, in canvas pixels. */
    frame: rectSchema,
    /** Mask layers that count; empty means every visible one. */
    maskLayerIds: z.array(layerIdSchema).max(64),
    source: generationSourceSchema,
    /** Requests from before there were control layers have none. */
    controls: z.array(controlRequestSchema).max(mostControls).default([]),
    /** Requests from before there were reference pictures have none. */
    reference: referenceRequestSchema.nullable().default(null),
    /** Where the result lies when it does not fill the frame. */
    placement: placementSchema.optional(),
    /** The output this one was run again from. */
    parentOutputId: outputIdSchema.nullable(),
  })
  .refine(fitsMode, sizeOfModeIssue)
  .refine(({ mode, scale }) => (mode === 'upscale') === (scale !== undefined), {
    message: 'a scale belongs to upscale, and upscale needs one',
    path: ['scale'],
  });
export type GenerationRequest = z.infer<typeof generationRequestSchema>;

/**
 * What a worker says while it runs, as NOTIFY on channel `generation_event` (JSON, at most 8,000 bytes) and from there
 * to every member who has the canvas or the queue open. `preview` is a base64 WebP of at most 64 × 64 pixels.
 */
export const generationEventSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('queued'),
    generationId: z.string(),
    organizationId: z.string(),
    canvasId: z.string().nullable(),
  }),
  z.object({
    kind: z.literal('progress'),
    generationId: z.string(),
    organizationId: z.string(),
    canvasId: z.string().nullable(),
    step: z.number().int(),
    steps: z.number().int(),
    /** Milliseconds that the rest should take. */
    remainingMs: z.number().nullable(),
    preview: z.string().max(7_000).nullable(),
  }),
  z.object({
    kind: z.literal('settled'),
    generationId: z.string(),
    organizationId: z.string(),
    canvasId: z.string().nullable(),
    state: z.enum(['succeeded', 'failed', 'cancelled']),
  }),
]);
export type GenerationEvent = z.infer<typeof generationEventSchema>;
export const generationEventChannel = 'generation_event';

/** Payload of a CanvasOutbox row of kind `candidates`: pictures that the collab server must stage. */
export const candidatesPayloadSchema = z.object({
  generationId: z.string(),
  requestedBy: z.string(),
  prompt: z.string(),
  frame: rectSchema,
  placement: placementSchema.optional(),
  /** Milliseconds since 1970, from the database's clock. */
  at: z.number(),
  outputs: z.array(
    z.object({
      id: outputIdSchema,
      asset: contentHashSchema,
      width: z.number().int(),
      height: z.number().int(),
      seed: z.number().int(),
    }),
  ),
});
export type CandidatesPayload = z.infer<typeof candidatesPayloadSchema>;
/** NOTIFY channel that wakes the collab servers when CanvasOutbox has rows; the payload is the canvas id. */
export const canvasOutboxChannel = 'canvas_outbox';
/** NOTIFY channel for changes of membership or role; the payload is JSON { organizationId, userId }. */
export const accessChangedChannel = 'access_changed';
/** NOTIFY channel for sign-outs: sessions are worth checking now. Without a payload. */
export const sessionEndedChannel = 'session_ended';
/** NOTIFY channel that asks the worker to stop a running generation; the payload is the generation id. */
export const cancelChannel = 'generation_cancel';

/** Roles in a team, weakest first. */
export const roles = ['viewer', 'editor', 'owner'] as const;
export const roleSchema = z.enum(roles);
export type Role = z.infer<typeof roleSchema>;

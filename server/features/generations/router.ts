import { z } from 'zod';
import { seedSchema, upscaleScaleSchema } from '../../../shared/contracts/recipe.ts';
import { layerIdSchema, longestPrompt, settingsSchema } from '../../../shared/document/schema.ts';
import { router } from '../../trpc/init.ts';
import { canvasMember, generationMember, idSchema, teamMember } from '../../trpc/procedures.ts';
import { findTeamRole } from '../access/service.ts';
import { eventHubOf } from './event-hub.ts';
import { followEvents } from './feed.ts';
import {
  cancelGeneration,
  getGeneration,
  listHistory,
  listPools,
  listQueue,
  putFirst,
  requestGeneration,
  requestUpscale,
  retryGeneration,
  runAgain,
  setPaused,
  setTrashed,
} from './service.ts';

const states = ['queued', 'running', 'succeeded', 'failed', 'cancelled'] as const;

/** Settings that a request changes for itself; each must be valid, unlike in the document, where bad values fall back. */
const overridesSchema = z
  .strictObject({
    pack: settingsSchema.shape.pack.unwrap(),
    mode: settingsSchema.shape.mode.unwrap(),
    seed: seedSchema.nullable(),
    steps: settingsSchema.shape.steps.unwrap(),
    guidanceScale: settingsSchema.shape.guidanceScale.unwrap(),
    strength: settingsSchema.shape.strength.unwrap(),
    imageGuidanceScale: settingsSchema.shape.imageGuidanceScale.unwrap(),
    solver: settingsSchema.shape.solver.unwrap(),
    arithmetic: settingsSchema.shape.arithmetic.unwrap(),
    count: settingsSchema.shape.count.unwrap(),
  })
  .partial();

const promptSchema = z.string().max(longestPrompt);

export const generationsRouter = router({
  /** Queues what the canvas' committed state means now. Wait for "Saved" before calling it. */
  request: canvasMember('editor')
    .input(
      z.object({
        settings: overridesSchema.default({}),
        prompt: promptSchema.optional(),
        negativePrompt: promptSchema.optional(),
        maskLayerIds: z.array(layerIdSchema).max(64).default([]),
      }),
    )
    .mutation(({ ctx, input }) => {
      const { settings, prompt, negativePrompt, maskLayerIds } = input;
      const asker = {
        userId: ctx.session.user.id,
        organizationId: ctx.access.organizationId,
        canvasId: ctx.access.canvas.id,
      };
      return requestGeneration(ctx, asker, {
        settings,
        maskLayerIds,
        ...(prompt === undefined ? {} : { prompt }),
        ...(negativePrompt === undefined ? {} : { negativePrompt }),
      });
    }),

  /** Queues the enlargement of one picture of the canvas, over which the result will lie. Wait for "Saved" before calling it. */
  enlarge: canvasMember('editor')
    .input(z.object({ layerId: layerIdSchema, scale: upscaleScaleSchema }))
    .mutation(({ ctx, input }) => {
      const { layerId, scale } = input;
      const asker = {
        userId: ctx.session.user.id,
        organizationId: ctx.access.organizationId,
        canvasId: ctx.access.canvas.id,
      };
      return requestUpscale(ctx, asker, { layerId, scale });
    }),

  runAgain: generationMember('editor')
    .input(
      z.object({
        outputId: idSchema.nullable().default(null),
        seed: z.union([seedSchema, z.enum(['same', 'new'])]).default('same'),
        count: z.number().int().min(1).max(8).nullable().default(null),
      }),
    )
    .mutation(({ ctx, input }) => {
      const asker = { userId: ctx.session.user.id, organizationId: ctx.access.organizationId };
      return runAgain(ctx, asker, input);
    }),

  retry: generationMember('editor').mutation(({ ctx, input }) => {
    const asker = { userId: ctx.session.user.id, organizationId: ctx.access.organizationId };
    return retryGeneration(ctx, asker, input.generationId);
  }),

  cancel: generationMember('editor').mutation(({ ctx, input }) =>
    cancelGeneration(ctx, { userId: ctx.session.user.id, role: ctx.access.role }, input.generationId),
  ),

  /** Holds a waiting one back until it is resumed. */
  pause: generationMember('editor').mutation(({ ctx, input }) =>
    setPaused(
      ctx,
      { userId: ctx.session.user.id, role: ctx.access.role },
      { generationId: input.generationId, isPaused: true },
    ),
  ),

  resume: generationMember('editor').mutation(({ ctx, input }) =>
    setPaused(
      ctx,
      { userId: ctx.session.user.id, role: ctx.access.role },
      { generationId: input.generationId, isPaused: false },
    ),
  ),

  /** Before all others of the team; other teams' places stay. */
  moveToFront: generationMember('editor').mutation(({ ctx, input }) => putFirst(ctx, input.generationId)),

  get: generationMember('viewer').query(({ ctx, input }) => getGeneration(ctx, input.generationId)),

  /** One page of a team's or a canvas' generations, newest first. */
  history: teamMember('viewer')
    .input(
      z.object({
        canvasId: idSchema.nullable().default(null),
        requestedById: idSchema.nullable().default(null),
        text: z.string().max(200).nullable().default(null),
        state: z.enum(states).nullable().default(null),
        trashed: z.boolean().default(false),
        cursor: idSchema.nullish(),
        limit: z.number().int().min(1).max(100).default(30),
      }),
    )
    .query(({ ctx, input }) => {
      const { cursor, text, ...query } = input;
      return listHistory(ctx, { ...query, text: text === '' ? null : text, after: cursor ?? null });
    }),

  /** Everything unfinished of a team, with places and estimates. */
  queue: teamMember('viewer').query(({ ctx, input }) =>
    listQueue(ctx, { organizationId: input.organizationId, userId: ctx.session.user.id, role: ctx.role }),
  ),

  /** What running workers can make at this moment. */
  pools: teamMember('viewer').query(({ ctx }) => listPools(ctx)),

  /** To the trash: the generation, or one of its pictures. */
  remove: generationMember('editor')
    .input(z.object({ outputId: idSchema.nullable().default(null) }))
    .mutation(({ ctx, input }) =>
      setTrashed(ctx, {
        generationId: input.generationId,
        outputId: input.outputId,
        deletedAt: ctx.clock.now(),
      }),
    ),

  restore: generationMember('editor')
    .input(z.object({ outputId: idSchema.nullable().default(null) }))
    .mutation(({ ctx, input }) =>
      setTrashed(ctx, { generationId: input.generationId, outputId: input.outputId, deletedAt: null }),
    ),

  /** Queued, progress with preview, settled; `resync` means: read the lists again. Ends when the caller loses access. */
  events: teamMember('viewer')
    .input(z.object({ canvasId: idSchema.nullable().default(null) }))
    .subscription(({ ctx, input, signal }) => {
      const { organizationId, canvasId } = input;
      const userId = ctx.session.user.id;
      return followEvents({
        hub: eventHubOf(ctx.databaseUrl, ctx.log),
        organizationId,
        userId,
        canvasId,
        mayStillRead: async () => (await findTeamRole(ctx.database, { userId, organizationId })) !== null,
        signal: signal ?? new AbortController().signal,
      });
    }),
});

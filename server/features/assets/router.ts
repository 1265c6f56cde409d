import { z } from 'zod';
import { contentHashSchema } from '../../../shared/document/schema.ts';
import { router } from '../../trpc/init.ts';
import { canvasMember } from '../../trpc/procedures.ts';
import { assetVariants } from './links.ts';
import { describeAssets, signAssets } from './service.ts';

const hashesSchema = z.array(contentHashSchema).min(1).max(200);

export const assetsRouter = router({
  /** Links to files of the canvas's team: { hash: url }, without those that the team does not have. */
  sign: canvasMember('viewer')
    .input(z.object({ hashes: hashesSchema, variant: z.enum(assetVariants).default('original') }))
    .query(({ ctx, input }) =>
      signAssets(ctx, {
        organizationId: ctx.access.organizationId,
        hashes: input.hashes,
        variant: input.variant,
      }),
    ),

  /** Type and size of files of the canvas's team. */
  describe: canvasMember('viewer')
    .input(z.object({ hashes: hashesSchema }))
    .query(({ ctx, input }) =>
      describeAssets(ctx.database, { organizationId: ctx.access.organizationId, hashes: input.hashes }),
    ),
});

import { z } from 'zod';
import type { Clock } from '../../../platform/clock.ts';
import { AppError } from '../../../platform/errors.ts';
import type { Log } from '../../../platform/log.ts';
import type { AssetStore } from '../../../platform/storage/port.ts';
import type { Database } from '../../../prisma/client.ts';
import { contentHashSchema } from '../../../shared/document/schema.ts';
import { errorResponse } from '../../http/answers.ts';
import type { RequestLimits } from '../../http/rate-limit.ts';
import { readBody, requireOwnOrigin } from '../../http/requests.ts';
import { holdsRole } from '../access/policy.ts';
import { findCanvasAccess } from '../access/service.ts';
import { tooManyBytes, uploadKinds, uploadLimits } from './decode.ts';
import { type AssetLinks, assetVariants } from './links.ts';
import { readAsset, storeUpload } from './service.ts';

export interface AssetServices {
  readonly database: Database;
  readonly storage: AssetStore;
  readonly assetLinks: AssetLinks;
  readonly clock: Clock;
  readonly limits: RequestLimits;
  readonly log: Log;
}

const fieldsSchema = z.object({
  canvasId: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'is not an id'),
  kind: z.enum(uploadKinds).default('image'),
  file: z.instanceof(Blob, { message: 'is missing' }),
});

/** Room for the fields and boundaries around the file. */
const formOverhead = 64 * 1024;

/**
 * POST /api/assets: a multipart form with `canvasId`, `kind` and `file`, from an editor of the canvas's team. Answers
 * { hash, mediaType, width, height, url } of the cleaned picture.
 */
export async function handleUpload(
  services: AssetServices,
  request: Request,
  options: { readonly userId: string | null; readonly origins: readonly string[] },
): Promise<Response> {
  try {
    requireOwnOrigin(request, options.origins);
    const { userId } = options;
    if (userId === null)
      throw new AppError('not_signed_in', 'You are not signed in.', { fix: 'Sign in again.' });
    services.limits.uploads.take(userId);
    const { canvasId, kind, file } = await readForm(request);
    const access = await findCanvasAccess(services.database, { userId, canvasId });
    if (access === null) throw new AppError('not_found', 'There is no such canvas, or it is not yours.');
    if (!holdsRole(access.role, 'editor')) {
      throw new AppError('not_allowed', 'Viewers cannot add pictures.', {
        fix: 'Ask an owner of the team to change your role.',
      });
    }
    const stored = await storeUpload(services, {
      organizationId: access.organizationId,
      userId,
      kind,
      file: new Uint8Array(await file.arrayBuffer()),
    });
    return Response.json(stored, { headers: { 'Cache-Control': 'no-store' } });
  } catch (error) {
    return errorResponse(error, services.log);
  }
}

async function readForm(request: Request): Promise<z.infer<typeof fieldsSchema>> {
  const type = request.headers.get('content-type') ?? '';
  if (!type.startsWith('multipart/form-data')) {
    throw new AppError('unsupported_media', 'An upload is a form with a file.');
  }
  const body = await readBody(request, uploadLimits.bytes + formOverhead).catch((error: unknown) => {
    throw error instanceof AppError && error.code === 'too_large' ? tooManyBytes() : error;
  });
  const form = await new Response(body, { headers: { 'Content-Type': type } }).formData().catch(() => {
    throw new AppError('bad_input', 'The form could not be read.');
  });
  const fields = fieldsSchema.safeParse({
    canvasId: form.get('canvasId') ?? undefined,
    kind: form.get('kind') ?? undefined,
    file: form.get('file') ?? undefined,
  });
  if (fields.success) return fields.data;
  const issue = fields.error.issues[0];
  throw new AppError('bad_input', `${issue?.path.join('.') ?? 'form'}: ${issue?.message ?? 'is not valid'}.`);
}

const linkSchema = z.object({
  organizationId: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
  hash: contentHashSchema,
  variant: z.enum(assetVariants),
  expires: z.string().regex(/^\d{1,16}$/),
  mac: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
});

/** Types that a browser may show; everything else is only ever downloaded. */
const extensions: Readonly<Record<string, string>> = {
  'image/png': 'png',
  'image/webp': 'webp',
  'image/jpeg': 'jpg',
};

/**
 * GET /api/assets/ORGANIZATION/HASH?variant&expires&mac: the file behind a signed link, under headers that leave it
 * nothing to do but be looked at. `&download` makes the browser save it.
 */
export async function handleAssetRead(
  services: AssetServices,
  request: Request,
  params: { readonly organizationId: string; readonly hash: string },
): Promise<Response> {
  try {
    const query = new URL(request.url).searchParams;
    const link = linkSchema.safeParse({
      ...params,
      variant: query.get('variant'),
      expires: query.get('expires'),
      mac: query.get('mac'),
    });
    if (!link.success) throw new AppError('not_found', 'This is not a picture link.');
    const { organizationId, hash, variant, ...signature } = link.data;
    services.assetLinks.verify({ organizationId, hash, variant }, signature);
    const { bytes, mediaType } = await readAsset(services, { organizationId, hash, variant });
    const extension = extensions[mediaType];
    const disposition = extension === undefined || query.has('download') ? 'attachment' : 'inline';
    return new Response(new Uint8Array(bytes), {
      headers: {
        'Content-Type': extension === undefined ? 'application/octet-stream' : mediaType,
        'Content-Disposition': `${disposition}; filename="gesso-${hash.slice(0, 12)}.${extension ?? 'bin'}"`,
        'Content-Length': String(bytes.length),
        'Content-Security-Policy': "default-src 'none'; sandbox",
        'Cross-Origin-Resource-Policy': 'same-origin',
        'X-Content-Type-Options': 'nosniff',
        'Referrer-Policy': 'no-referrer',
        // The name is the hash of the bytes, so they can never change.
        'Cache-Control': 'private, max-age=31536000, immutable',
        ETag: `"${hash}-${variant}"`,
      },
    });
  } catch (error) {
    return errorResponse(error, services.log);
  }
}

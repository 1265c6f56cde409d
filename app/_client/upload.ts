import { z } from 'zod';
import { ApiError } from './api-error.ts';
import { sendWithBackOff } from './back-off.ts';

const uploadedSchema = z.object({
  hash: z.string(),
  width: z.number(),
  height: z.number(),
  url: z.string(),
  mediaType: z.string(),
});

/** A stored picture: `hash` is its name in documents, `url` shows it for some minutes. */
export type UploadedAsset = z.infer<typeof uploadedSchema>;

const refusalSchema = z.object({
  error: z.object({ code: z.string(), message: z.string(), fix: z.string().nullable() }),
});

/**
 * Stores a picture for the team of `canvasId`. It is decoded and encoded anew, so `hash` is not the file's own. Waits when
 * the server says that these were too many in a short time.
 * Errors: ApiError with `unsupported_media`, `too_large`, `out_of_space`, …; each with what to do.
 */
export async function uploadAsset(options: {
  readonly canvasId: string;
  readonly file: Blob;
  /** A mask tile must keep its exact 8-bit grey values; a picture may be stored as WebP or PNG. */
  readonly kind?: 'image' | 'mask-tile';
  readonly signal?: AbortSignal;
}): Promise<UploadedAsset> {
  const body = new FormData();
  body.set('canvasId', options.canvasId);
  body.set('kind', options.kind ?? 'image');
  body.set('file', options.file);
  const { signal } = options;
  const send = () =>
    fetch('/api/assets', { method: 'POST', credentials: 'same-origin', body, signal: signal ?? null });
  const response = await sendWithBackOff(send, signal);
  const answer: unknown = await response.json().catch(() => null);
  if (response.ok) return uploadedSchema.parse(answer);
  const refusal = refusalSchema.safeParse(answer);
  if (refusal.success) throw new ApiError({ ...refusal.data.error, status: response.status });
  throw new ApiError({
    code: 'unavailable',
    message: 'The picture could not be stored.',
    fix: 'Try again in a moment.',
    status: response.status,
  });
}

import { readCover } from '../../../../../../server/features/examples/service.ts';

interface RouteContext {
  readonly params: Promise<{ readonly packId: string; readonly file: string }>;
}

/** What an example canvas looks like. It comes with the product, so there is nothing to protect. */
export async function GET(_request: Request, { params }: RouteContext): Promise<Response> {
  const { packId, file } = await params;
  const cover = await readCover(packId, file);
  if (cover === null) return Response.json(null, { status: 404 });
  return new Response(new Uint8Array(cover.bytes), {
    headers: {
      'Content-Type': cover.mediaType,
      'Cache-Control': 'private, max-age=600',
      'X-Content-Type-Options': 'nosniff',
    },
  });
}

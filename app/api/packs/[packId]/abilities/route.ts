import { readAbilities } from '../../../../../server/features/packs/service.ts';

/** What a house pack can do beside painting. It comes with the product, so there is nothing to protect. */
export async function GET(
  _request: Request,
  { params }: { readonly params: Promise<{ readonly packId: string }> },
): Promise<Response> {
  const abilities = await readAbilities((await params).packId);
  return Response.json(abilities, { headers: { 'Cache-Control': 'private, max-age=600' } });
}

import { readVocabulary } from '../../../../../server/features/packs/vocabulary.ts';

/** The words that a house pack knows. They come with the product, so there is nothing to protect. */
export async function GET(
  _request: Request,
  { params }: { readonly params: Promise<{ readonly packId: string }> },
): Promise<Response> {
  const vocabulary = await readVocabulary((await params).packId);
  if (vocabulary === null) return Response.json(null, { status: 404 });
  return Response.json(vocabulary, { headers: { 'Cache-Control': 'private, max-age=600' } });
}

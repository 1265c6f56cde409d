import { webServices } from '../../../../server/context.ts';
import { handleTrpcRequest } from '../../../../server/trpc/http.ts';

/** Server-sent events stay open for as long as the page does. */
export const dynamic = 'force-dynamic';

async function answer(request: Request): Promise<Response> {
  return handleTrpcRequest(await webServices(), request);
}

export { answer as GET, answer as POST };

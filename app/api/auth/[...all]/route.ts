import { handleAuthRequest } from '../../../../server/auth/http.ts';
import { webServices } from '../../../../server/context.ts';

async function answer(request: Request): Promise<Response> {
  return handleAuthRequest(await webServices(), request);
}

export { answer as GET, answer as POST };

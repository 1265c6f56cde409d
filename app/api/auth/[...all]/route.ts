import { handleAuthRequest } from '../../../../server/auth/auth.ts';
import { webServices } from '../../../../server/context.ts';

async function answer(request: Request): Promise<Response> {
  const { auth } = await webServices();
  return handleAuthRequest(auth, request);
}

export { answer as GET, answer as POST };

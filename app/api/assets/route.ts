import { readSession, webServices } from '../../../server/context.ts';
import { handleUpload } from '../../../server/features/assets/http.ts';

export async function POST(request: Request): Promise<Response> {
  const services = await webServices();
  const session = await readSession(services.auth, request.headers);
  return handleUpload(services, request, {
    userId: session?.user.id ?? null,
    origins: services.addresses.origins,
  });
}

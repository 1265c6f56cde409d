import { webServices } from '../../../../../server/context.ts';
import { handleAssetRead } from '../../../../../server/features/assets/http.ts';

interface RouteContext {
  readonly params: Promise<{ readonly organizationId: string; readonly hash: string }>;
}

export async function GET(request: Request, { params }: RouteContext): Promise<Response> {
  return handleAssetRead(await webServices(), request, await params);
}

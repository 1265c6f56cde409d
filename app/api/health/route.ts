import { checkHealth } from '../../../server/context.ts';

export const dynamic = 'force-dynamic';

export function GET(): Promise<Response> {
  return checkHealth();
}

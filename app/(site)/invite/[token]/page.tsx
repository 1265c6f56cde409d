import type { Metadata } from 'next';
import { InvitationView } from './invitation-view.tsx';

export const metadata: Metadata = { title: 'Invitation' };

export default async function InvitationPage({
  params,
}: {
  readonly params: Promise<{ readonly token: string }>;
}) {
  const { token } = await params;
  return <InvitationView token={token} />;
}

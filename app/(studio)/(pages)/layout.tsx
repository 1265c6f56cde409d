import type { ReactNode } from 'react';
import { StudioHeader } from '../../_studio/shell/studio-header.tsx';
import { TeamGate } from '../../_studio/team-gate.tsx';

export default function PagesLayout({ children }: { readonly children: ReactNode }) {
  return (
    <TeamGate>
      <StudioHeader />
      <main className="mx-auto max-w-[1360px] px-4 pt-4 pb-20 sm:px-8 sm:pt-6">{children}</main>
    </TeamGate>
  );
}

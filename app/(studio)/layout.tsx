import type { ReactNode } from 'react';
import { SessionGate } from '../_studio/session-gate.tsx';

export default function StudioLayout({ children }: { readonly children: ReactNode }) {
  return <SessionGate>{children}</SessionGate>;
}

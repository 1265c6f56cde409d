import type { Metadata } from 'next';
import { SessionGate } from '../../_studio/session-gate.tsx';
import { TeamForm } from './team-form.tsx';

export const metadata: Metadata = { title: 'Your team' };

export default function WelcomePage() {
  return (
    <SessionGate>
      <TeamForm />
    </SessionGate>
  );
}

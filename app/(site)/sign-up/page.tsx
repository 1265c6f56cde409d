import type { Metadata } from 'next';
import { safeNextPath } from '../../_studio/next-path.ts';
import { SignUpForm } from './sign-up-form.tsx';

export const metadata: Metadata = { title: 'Create an account' };

export default async function SignUpPage({
  searchParams,
}: {
  readonly searchParams: Promise<{ readonly next?: string | string[] }>;
}) {
  const { next } = await searchParams;
  return <SignUpForm next={safeNextPath(next)} />;
}

import type { Metadata } from 'next';
import { safeNextPath } from '../../_studio/next-path.ts';
import { SignInForm } from './sign-in-form.tsx';

export const metadata: Metadata = { title: 'Sign in' };

export default async function SignInPage({
  searchParams,
}: {
  readonly searchParams: Promise<{ readonly next?: string | string[] }>;
}) {
  const { next } = await searchParams;
  return <SignInForm next={safeNextPath(next)} />;
}

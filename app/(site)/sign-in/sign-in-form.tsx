'use client';

import Link from 'next/link';
import { useRouter } from 'next/navigation';
import { describeError } from '../../_client/describe-error.ts';
import { useSessionActions } from '../../_client/session.ts';
import { rememberVisit } from '../../_studio/known-browser.ts';
import { withNext } from '../../_studio/next-path.ts';
import { TextField } from '../../_ui/text-field.tsx';
import { Form, PageHeading, type Problem } from '../_form.tsx';
import { readText } from '../_read-form.ts';

/** E-mail and password, for who has an account. */
export function SignInForm({ next }: { readonly next: string }) {
  const router = useRouter();
  const { signIn } = useSessionActions();

  async function send(values: FormData): Promise<Problem | null> {
    const email = readText(values, 'email').trim();
    const password = readText(values, 'password');
    if (email === '' || password === '') {
      return { message: 'Both the e-mail address and the password are needed.' };
    }
    try {
      await signIn({ email, password });
    } catch (error) {
      return describeError(error);
    }
    rememberVisit();
    router.replace(next);
    return null;
  }

  return (
    <>
      <PageHeading title="Sign in" />
      <Form send={send} submitLabel="Sign in">
        <TextField
          autoComplete="username"
          autoFocus
          className="h-10"
          inputMode="email"
          label="E-mail"
          name="email"
          required
          type="email"
        />
        <TextField
          autoComplete="current-password"
          className="h-10"
          label="Password"
          name="password"
          required
          type="password"
        />
      </Form>
      <p className="mt-6 text-13 text-ink-soft">
        New here?{' '}
        <Link className="text-accent-text underline underline-offset-2" href={withNext('/sign-up', next)}>
          Create an account
        </Link>
      </p>
    </>
  );
}

'use client';

import Link from 'next/link';
import { useRouter } from 'next/navigation';
import { useState } from 'react';
import { describeError } from '../../_client/describe-error.ts';
import { useSessionActions } from '../../_client/session.ts';
import { rememberVisit } from '../../_studio/known-browser.ts';
import { withNext } from '../../_studio/next-path.ts';
import { TextField } from '../../_ui/text-field.tsx';
import { Form, PageHeading, type Problem } from '../_form.tsx';
import { readText } from '../_read-form.ts';

interface FieldErrors {
  readonly name?: string;
  readonly email?: string;
  readonly password?: string;
}

const shortestPassword = 8;

/** Name, e-mail, password; then the one question of the welcome page, or the invitation that led here. */
export function SignUpForm({ next }: { readonly next: string }) {
  const router = useRouter();
  const { signUp } = useSessionActions();
  const [errors, setErrors] = useState<FieldErrors>({});

  async function send(values: FormData): Promise<Problem | null> {
    const name = readText(values, 'name').trim();
    const email = readText(values, 'email').trim();
    const password = readText(values, 'password');
    const wrong = findErrors({ name, email, password });
    setErrors(wrong);
    const count = Object.keys(wrong).length;
    if (count > 0) {
      return { message: count === 1 ? 'One field needs a look.' : 'Some fields need a look.' };
    }
    try {
      await signUp({ name, email, password });
    } catch (error) {
      return describeError(error);
    }
    rememberVisit();
    router.replace(next === '/' ? '/welcome' : next);
    return null;
  }

  return (
    <>
      <PageHeading title="Create an account">
        Gesso is a studio where a team paints, prompts and generates together.
      </PageHeading>
      <Form send={send} submitLabel="Create account">
        <TextField
          autoComplete="name"
          autoFocus
          className="h-10"
          error={errors.name}
          label="Name"
          maxLength={80}
          name="name"
          required
        />
        <TextField
          autoComplete="username"
          className="h-10"
          error={errors.email}
          inputMode="email"
          label="E-mail"
          name="email"
          required
          type="email"
        />
        <TextField
          autoComplete="new-password"
          className="h-10"
          error={errors.password}
          help={`At least ${shortestPassword} characters.`}
          label="Password"
          maxLength={128}
          name="password"
          required
          type="password"
        />
      </Form>
      <p className="mt-6 text-13 text-ink-soft">
        Have an account?{' '}
        <Link className="text-accent-text underline underline-offset-2" href={withNext('/sign-in', next)}>
          Sign in
        </Link>
      </p>
    </>
  );
}

function findErrors(input: {
  readonly name: string;
  readonly email: string;
  readonly password: string;
}): FieldErrors {
  return {
    ...(input.name === '' ? { name: 'Tell the others your name.' } : {}),
    ...(/^\S+@\S+\.\S+$/.test(input.email) ? {} : { email: 'It should look like name@example.org.' }),
    ...(input.password.length < shortestPassword
      ? { password: `At least ${shortestPassword} characters.` }
      : {}),
  };
}

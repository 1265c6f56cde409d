import { useQuery, useQueryClient } from '@tanstack/react-query';
import { z } from 'zod';
import { ApiError } from './api-error.ts';

export interface SessionUser {
  readonly id: string;
  readonly name: string;
  readonly email: string;
}

export type SessionState =
  | { readonly status: 'loading' }
  | { readonly status: 'signed-out' }
  | { readonly status: 'signed-in'; readonly user: SessionUser }
  /** The server was not reached; who is signed in is not known. */
  | { readonly status: 'unknown'; readonly error: Error };

const userSchema = z.object({ id: z.string(), name: z.string(), email: z.string() });
const sessionSchema = z.object({ user: userSchema }).nullable();
const refusalSchema = z.object({ code: z.string().catch('UNKNOWN'), message: z.string().catch('') });
/** What our own door in front of better-auth answers. */
const ownRefusalSchema = z.object({
  error: z.object({ code: z.string(), message: z.string(), fix: z.string().nullable() }),
});
const sessionKey = ['session'];

/** Who is signed in, in this tab. Asking also prolongs the session's cookie. */
export function useSession(): SessionState {
  const { data, error } = useQuery({ queryKey: sessionKey, queryFn: fetchSession, staleTime: 60_000 });
  if (data !== undefined) {
    return data === null ? { status: 'signed-out' } : { status: 'signed-in', user: data };
  }
  return error === null ? { status: 'loading' } : { status: 'unknown', error };
}

/** Sign in, sign up and sign out; each forgets what was loaded for the one before. */
export function useSessionActions() {
  const queryClient = useQueryClient();
  async function asSomebodyElse(path: string, body: object): Promise<void> {
    await post(path, body);
    queryClient.clear();
  }
  return {
    /** Errors: ApiError `too_many` while the account waits after wrong passwords. */
    signIn: (input: { readonly email: string; readonly password: string }) =>
      asSomebodyElse('/api/auth/sign-in/email', input),
    signUp: (input: { readonly name: string; readonly email: string; readonly password: string }) =>
      asSomebodyElse('/api/auth/sign-up/email', input),
    signOut: () => asSomebodyElse('/api/auth/sign-out', {}),
    changePassword: (input: { readonly currentPassword: string; readonly newPassword: string }) =>
      post('/api/auth/change-password', { ...input, revokeOtherSessions: true }),
  };
}

async function fetchSession(): Promise<SessionUser | null> {
  const response = await fetch('/api/auth/get-session', { credentials: 'same-origin' });
  if (!response.ok) throw await readRefusal(response);
  return sessionSchema.parse(await response.json())?.user ?? null;
}

async function post(path: string, body: object): Promise<void> {
  const response = await fetch(path, {
    method: 'POST',
    credentials: 'same-origin',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw await readRefusal(response);
}

/** better-auth's codes in our words; what is not listed keeps its own sentence. */
const knownRefusals: Readonly<Record<string, { readonly message: string; readonly fix: string }>> = {
  INVALID_EMAIL_OR_PASSWORD: {
    message: 'The e-mail address and the password do not go together.',
    fix: 'Check both and try again.',
  },
  USER_ALREADY_EXISTS: {
    message: 'There is already an account with this e-mail address.',
    fix: 'Sign in instead, or use another address.',
  },
  USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL: {
    message: 'There is already an account with this e-mail address.',
    fix: 'Sign in instead, or use another address.',
  },
  INVALID_EMAIL: { message: 'This is not an e-mail address.', fix: 'It should look like name@example.org.' },
  PASSWORD_TOO_SHORT: { message: 'The password is too short.', fix: 'Use at least 8 characters.' },
  PASSWORD_TOO_LONG: { message: 'The password is too long.', fix: 'Use at most 128 characters.' },
  INVALID_PASSWORD: { message: 'The current password is wrong.', fix: 'Check it and try again.' },
};

async function readRefusal(response: Response): Promise<ApiError> {
  const answer: unknown = await response.json().catch(() => ({}));
  const own = ownRefusalSchema.safeParse(answer);
  if (own.success) return new ApiError({ ...own.data.error, status: response.status });
  const refusal = refusalSchema.safeParse(answer);
  const { code, message } = refusal.success ? refusal.data : { code: 'UNKNOWN', message: '' };
  const { status } = response;
  const known = knownRefusals[code];
  if (known !== undefined) return new ApiError({ code, status, ...known });
  if (status === 429) {
    const text = message === '' ? 'Too many attempts.' : message;
    return new ApiError({ code: 'too_many', status, message: text, fix: 'Wait a little, then try again.' });
  }
  return new ApiError({
    code,
    status,
    message: message === '' ? 'This did not work.' : message,
    fix: status >= 500 ? 'Try again in a moment.' : null,
  });
}

'use client';

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import Link from 'next/link';
import { useRouter } from 'next/navigation';
import { describeError, errorCode } from '../../../_client/describe-error.ts';
import { useSession, useSessionActions } from '../../../_client/session.ts';
import { type RouterOutputs, useTRPC } from '../../../_client/trpc.ts';
import { withNext } from '../../../_studio/next-path.ts';
import { roleAbility, roleNoun } from '../../../_studio/role-words.ts';
import { Button } from '../../../_ui/button.tsx';
import { buttonClass } from '../../../_ui/button-class.ts';
import { RelativeTime } from '../../../_ui/relative-time.tsx';
import { Skeleton } from '../../../_ui/skeleton.tsx';
import { PageHeading, ProblemNotice } from '../../_form.tsx';

type Invitation = RouterOutputs['invitations']['describe'];

/** What the link invites to, and the way in for who has an account and for who has none. */
export function InvitationView({ token }: { readonly token: string }) {
  const trpc = useTRPC();
  const invitation = useQuery(trpc.invitations.describe.queryOptions({ token }));
  if (invitation.data !== undefined) {
    return invitation.data.state === 'open' ? (
      <OpenInvitation invitation={invitation.data} token={token} />
    ) : (
      <ClosedInvitation invitation={invitation.data} />
    );
  }
  if (invitation.error === null) return <InvitationSkeleton />;
  const code = errorCode(invitation.error);
  const unknown = code === 'not_found' || code === 'bad_input';
  const { message, fix } = describeError(invitation.error);
  return (
    <>
      <PageHeading title={unknown ? 'This link leads nowhere' : 'The invitation could not be read'}>
        {unknown ? 'Check that the whole link was copied, or ask for a new one.' : `${message} ${fix ?? ''}`}
      </PageHeading>
      {unknown ? (
        <HomeLink />
      ) : (
        <Button onClick={() => void invitation.refetch()} size="large">
          Try again
        </Button>
      )}
    </>
  );
}

function OpenInvitation({ invitation, token }: { readonly invitation: Invitation; readonly token: string }) {
  const session = useSession();
  const { signOut } = useSessionActions();
  const trpc = useTRPC();
  const router = useRouter();
  const queryClient = useQueryClient();
  const accept = useMutation(
    trpc.invitations.accept.mutationOptions({
      onSuccess: async () => {
        await queryClient.invalidateQueries();
        router.replace('/');
      },
    }),
  );
  const here = `/invite/${token}`;
  return (
    <>
      <PageHeading title={`Join ${invitation.teamName}`}>
        {invitation.invitedBy} invites you to the team as {roleNoun(invitation.role)}: you can{' '}
        {roleAbility(invitation.role)}.
      </PageHeading>
      {accept.error === null ? null : (
        <div className="mb-4">
          <ProblemNotice problem={describeError(accept.error)} />
        </div>
      )}
      {session.status === 'signed-in' ? (
        <div className="flex flex-col gap-4">
          <Button
            busy={accept.isPending}
            kind="primary"
            onClick={() => accept.mutate({ token })}
            size="large"
          >
            Join as {session.user.name}
          </Button>
          <p className="text-13 text-ink-soft">
            Not you?{' '}
            <button
              className="text-accent-text underline underline-offset-2"
              onClick={() => void signOut().then(() => window.location.reload())}
              type="button"
            >
              Sign out
            </button>
          </p>
        </div>
      ) : session.status === 'loading' ? (
        <Skeleton className="h-10 w-full" />
      ) : (
        <div className="flex flex-col gap-3">
          <Link className={buttonClass({ kind: 'primary', size: 'large' })} href={withNext('/sign-up', here)}>
            Create an account and join
          </Link>
          <Link className={buttonClass({ size: 'large' })} href={withNext('/sign-in', here)}>
            I have an account
          </Link>
        </div>
      )}
    </>
  );
}

function ClosedInvitation({ invitation }: { readonly invitation: Invitation }) {
  const words = {
    used: 'has been used already',
    revoked: 'was withdrawn',
    expired: 'has expired',
    open: 'is open',
  } as const;
  return (
    <>
      <PageHeading title="This invitation is closed">
        The invitation to {invitation.teamName} by {invitation.invitedBy} {words[invitation.state]}
        {invitation.state === 'expired' ? (
          <>
            {' '}
            (<RelativeTime at={invitation.expiresAt} />)
          </>
        ) : null}
        . Ask an owner of the team for a new link.
      </PageHeading>
      <HomeLink />
    </>
  );
}

function HomeLink() {
  return (
    <Link className={buttonClass({ size: 'large' })} href="/">
      Go to the studio
    </Link>
  );
}

function InvitationSkeleton() {
  return (
    <div aria-label="Reading the invitation" className="flex flex-col gap-3" role="status">
      <Skeleton className="h-9 w-3/4" />
      <Skeleton className="h-5 w-full" />
      <Skeleton className="mt-4 h-10 w-full" />
    </div>
  );
}

'use client';

import { describeError } from '../_client/describe-error.ts';
import { Button } from '../_ui/button.tsx';
import { EmptyState } from '../_ui/empty-state.tsx';

/** What stands in place of something that could not be loaded. */
export function LoadProblem({
  error,
  onRetry,
  heading,
  className,
}: {
  readonly error: unknown;
  readonly onRetry: () => void;
  readonly heading?: 'p' | 'h1' | undefined;
  readonly className?: string | undefined;
}) {
  const { message, fix } = describeError(error);
  return (
    <div className={className} role="alert">
      <EmptyState
        action={
          <Button icon="retry" onClick={onRetry}>
            Try again
          </Button>
        }
        heading={heading}
        title={message}
      >
        {fix}
      </EmptyState>
    </div>
  );
}

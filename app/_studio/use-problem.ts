'use client';

import { useCallback } from 'react';
import { describeError } from '../_client/describe-error.ts';
import { useToast } from '../_ui/toast.tsx';

/** A function that shows what went wrong: what happened, then what to do. */
export function useProblem(): (error: unknown) => void {
  const toast = useToast();
  return useCallback(
    (error) => {
      const { message, fix } = describeError(error);
      toast({ text: message, detail: fix ?? undefined, tone: 'problem' });
    },
    [toast],
  );
}

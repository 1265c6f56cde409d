'use client';

import { useQuery } from '@tanstack/react-query';
import { useDeferredValue, useMemo } from 'react';
import {
  describeUnknownWords,
  type UnknownWord,
  vocabularySchema,
} from '../../../shared/prompt/vocabulary.ts';

const nothing: readonly UnknownWord[] = [];

/** The words of `prompt` that the pack has not learned. Empty for packs that do not say what they know. */
export function useUnknownWords(prompt: string, pack: string): readonly UnknownWord[] {
  const vocabulary = useQuery({
    queryKey: ['vocabulary', pack],
    queryFn: async () => {
      const response = await fetch(`/api/packs/${encodeURIComponent(pack)}/vocabulary`);
      return response.ok ? (vocabularySchema.safeParse(await response.json()).data ?? null) : null;
    },
    staleTime: 10 * 60_000,
  });
  const calm = useDeferredValue(prompt);
  const known = vocabulary.data;
  return useMemo(
    () => (known === undefined || known === null ? nothing : describeUnknownWords(calm, known)),
    [calm, known],
  );
}

'use client';

import { useQuery } from '@tanstack/react-query';
import { useId } from 'react';
import { useTRPC } from '../../_client/trpc.ts';
import { ExampleCards } from './example-cards.tsx';

/** The examples on the page, below what the team has; nothing where the model knows none. */
export function ExampleSection({
  project,
  isOneOfMany = false,
}: {
  /** Where they open; null while the team has no project. */
  readonly project: { readonly id: string; readonly name: string } | null;
  /** Says which project it is. */
  readonly isOneOfMany?: boolean | undefined;
}) {
  const trpc = useTRPC();
  const examples = useQuery(trpc.examples.list.queryOptions());
  const heading = useId();
  if (examples.data?.length === 0) return null;
  return (
    <section aria-labelledby={heading} className="mt-14">
      <h2 className="mb-3 text-14 font-medium text-ink" id={heading}>
        Start from an example
        {project !== null && isOneOfMany ? (
          <span className="font-normal text-ink-faint"> in “{project.name}”</span>
        ) : null}
      </h2>
      <ExampleCards projectId={project?.id ?? null} />
    </section>
  );
}

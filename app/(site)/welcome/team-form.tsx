'use client';

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRouter } from 'next/navigation';
import { useState } from 'react';
import { describeError } from '../../_client/describe-error.ts';
import { useTRPC } from '../../_client/trpc.ts';
import { useUser } from '../../_studio/session-gate.tsx';
import { TextField } from '../../_ui/text-field.tsx';
import { Form, PageHeading, type Problem } from '../_form.tsx';
import { readText } from '../_read-form.ts';

/** The one question of a first run; its answer opens the first canvas. */
export function TeamForm() {
  const trpc = useTRPC();
  const router = useRouter();
  const queryClient = useQueryClient();
  const user = useUser();
  const create = useMutation(trpc.teams.create.mutationOptions());
  const [error, setError] = useState<string | null>(null);

  async function send(values: FormData): Promise<Problem | null> {
    const name = readText(values, 'team').trim();
    setError(name === '' ? 'A team needs a name. You can change it later.' : null);
    if (name === '') return { message: 'One field needs a look.' };
    try {
      const { canvasId } = await create.mutateAsync({ name });
      await queryClient.invalidateQueries();
      router.replace(`/canvas/${canvasId}`);
      return null;
    } catch (problem) {
      return describeError(problem);
    }
  }

  return (
    <>
      <PageHeading title="Name your team">
        People you invite join it and share its canvases. One person is a team too.
      </PageHeading>
      <Form send={send} submitLabel="Open the first canvas">
        <TextField
          autoComplete="organization"
          autoFocus
          className="h-10"
          defaultValue={`${user.name.split(/\s+/u)[0] ?? user.name}’s studio`}
          error={error}
          label="Team name"
          maxLength={120}
          name="team"
          onFocus={(event) => event.target.select()}
          required
        />
      </Form>
    </>
  );
}

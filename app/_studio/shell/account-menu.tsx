'use client';

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRouter } from 'next/navigation';
import { useState } from 'react';
import { useSessionActions } from '../../_client/session.ts';
import { useTRPC } from '../../_client/trpc.ts';
import { Avatar } from '../../_ui/avatar.tsx';
import { Button } from '../../_ui/button.tsx';
import { Dialog, DialogActions } from '../../_ui/dialog.tsx';
import { Menu } from '../../_ui/menu.tsx';
import { TextField } from '../../_ui/text-field.tsx';
import { useUser } from '../session-gate.tsx';
import { useProblem } from '../use-problem.ts';
import { useThemeEntry } from './use-theme-entry.ts';

/** Who is signed in: name, theme, sign out. */
export function AccountMenu() {
  const user = useUser();
  const router = useRouter();
  const { signOut } = useSessionActions();
  const showProblem = useProblem();
  const [renaming, setRenaming] = useState(false);
  const themeEntry = useThemeEntry();

  async function leave() {
    try {
      await signOut();
      router.replace('/sign-in');
    } catch (error) {
      showProblem(error);
    }
  }

  return (
    <>
      <Menu
        entries={[
          {
            kind: 'label',
            id: 'who',
            label: (
              <span className="block max-w-56">
                <span className="block truncate text-13 font-medium text-ink">{user.name}</span>
                <span className="block truncate">{user.email}</span>
              </span>
            ),
          },
          { id: 'name', label: 'Change your name', icon: 'pencil', onSelect: () => setRenaming(true) },
          { kind: 'separator', id: 'line-1' },
          themeEntry,
          { kind: 'separator', id: 'line-2' },
          { id: 'sign-out', label: 'Sign out', icon: 'sign-out', onSelect: () => void leave() },
        ]}
        trigger={
          <button
            aria-label={`Account of ${user.name}`}
            className="inline-flex shrink-0 items-center justify-center rounded-full coarse:size-11"
            type="button"
          >
            <Avatar name={user.name} size={28} userId={user.id} />
          </button>
        }
      />
      {renaming ? <NameDialog name={user.name} onClose={() => setRenaming(false)} /> : null}
    </>
  );
}

function NameDialog({ name, onClose }: { readonly name: string; readonly onClose: () => void }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const showProblem = useProblem();
  const [draft, setDraft] = useState(name);
  const rename = useMutation(
    trpc.accounts.updateName.mutationOptions({
      onSuccess: async () => {
        await queryClient.invalidateQueries();
        onClose();
      },
      onError: showProblem,
    }),
  );
  const empty = draft.trim() === '';
  return (
    <Dialog
      description="The others see it beside your cursor and your pictures."
      onOpenChange={onClose}
      open
      title="Your name"
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (!empty) rename.mutate({ name: draft.trim() });
        }}
      >
        <TextField
          autoFocus
          hideLabel
          label="Your name"
          maxLength={80}
          onChange={(event) => setDraft(event.target.value)}
          value={draft}
        />
        <DialogActions>
          <Button kind="quiet" onClick={onClose}>
            Cancel
          </Button>
          <Button
            busy={rename.isPending}
            kind="primary"
            reason={empty ? 'A name needs at least one letter.' : null}
            type="submit"
          >
            Save
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

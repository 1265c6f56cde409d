'use client';

import { type FormEvent, type ReactNode, useRef, useState } from 'react';
import { Button } from '../_ui/button.tsx';
import { Icon } from '../_ui/icon.tsx';

/** What went wrong: a sentence, and what to do about it. */
export interface Problem {
  readonly message: string;
  readonly fix?: string | null | undefined;
}

/** The heading of one of these pages, with a line under it. */
export function PageHeading({ title, children }: { readonly title: string; readonly children?: ReactNode }) {
  return (
    <div className="mb-6">
      <h1 className="text-28 font-semibold tracking-[-0.01em]">{title}</h1>
      {children === undefined ? null : <p className="mt-2 text-14 text-ink-soft">{children}</p>}
    </div>
  );
}

/**
 * A form that is sent once at a time, keeps what was typed when it fails, and moves the focus to what went wrong.
 * `send` returns what went wrong, or null.
 */
export function Form({
  submitLabel,
  send,
  children,
}: {
  readonly submitLabel: string;
  readonly send: (values: FormData) => Promise<Problem | null>;
  readonly children: ReactNode;
}) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const notice = useRef<HTMLDivElement>(null);

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    if (busy) return;
    const form = event.currentTarget;
    setBusy(true);
    setProblem(null);
    const wrong = await send(new FormData(form));
    setBusy(false);
    if (wrong === null) return;
    setProblem(wrong);
    const field = form.querySelector<HTMLElement>('[aria-invalid="true"]');
    requestAnimationFrame(() => (field ?? notice.current)?.focus());
  }

  return (
    <form className="flex flex-col gap-4" noValidate onSubmit={(event) => void submit(event)}>
      {problem === null ? null : <ProblemNotice problem={problem} ref={notice} />}
      {children}
      <Button busy={busy} className="mt-2 w-full" kind="primary" size="large" type="submit">
        {submitLabel}
      </Button>
    </form>
  );
}

/** What went wrong and what to do, in a quiet box that screen readers read at once. */
export function ProblemNotice({
  problem,
  ref,
}: {
  readonly problem: Problem;
  readonly ref?: React.Ref<HTMLDivElement> | undefined;
}) {
  return (
    <div
      className="flex gap-2 rounded-control bg-danger-wash px-3 py-2.5 text-13 text-ink"
      ref={ref}
      role="alert"
      tabIndex={-1}
    >
      <Icon className="mt-0.5 text-danger-text" name="warning" />
      <p>
        {problem.message}
        {problem.fix === undefined || problem.fix === null ? null : ` ${problem.fix}`}
      </p>
    </div>
  );
}

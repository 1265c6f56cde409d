'use client';

import Link from 'next/link';
import type { ClosedReason } from '../../_editor/document/connection.ts';
import { Button } from '../../_ui/button.tsx';
import { buttonClass } from '../../_ui/button-class.ts';
import { withNext } from '../next-path.ts';
import { useCanvas } from './canvas-context.tsx';
import { closedWords } from './closed-words.ts';

/** Over the canvas when its connection has ended for good: why, what is safe, and the way on. */
export function ClosedNotice({
  reason,
  onReopen,
}: {
  readonly reason: ClosedReason;
  readonly onReopen: () => void;
}) {
  const { canvasId } = useCanvas();
  const { title, text, way } = closedWords(reason);
  return (
    <div className="absolute inset-0 z-20 flex items-center justify-center bg-scrim p-4">
      <div className="w-full max-w-90 rounded-[10px] bg-raised p-5 shadow-float" role="alert">
        <h2 className="text-16 font-semibold">{title}</h2>
        <p className="mt-1 text-13 text-ink-soft">{text}</p>
        <div className="mt-4 flex justify-end gap-2">
          {way === 'leave' ? null : (
            <Link className={buttonClass({ kind: 'quiet' })} href="/">
              All canvases
            </Link>
          )}
          {way === 'reload' ? (
            <Button kind="primary" onClick={onReopen}>
              Open it again
            </Button>
          ) : way === 'sign-in' ? (
            <Link
              className={buttonClass({ kind: 'primary' })}
              href={withNext('/sign-in', `/canvas/${canvasId}`)}
            >
              Sign in
            </Link>
          ) : (
            <Link className={buttonClass({ kind: 'primary' })} href="/">
              All canvases
            </Link>
          )}
        </div>
      </div>
    </div>
  );
}

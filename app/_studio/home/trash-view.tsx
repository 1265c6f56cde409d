'use client';

import { useQuery } from '@tanstack/react-query';
import { useTRPC } from '../../_client/trpc.ts';
import { Button } from '../../_ui/button.tsx';
import { EmptyState } from '../../_ui/empty-state.tsx';
import { Icon } from '../../_ui/icon.tsx';
import { Picture } from '../../_ui/picture.tsx';
import { RelativeTime } from '../../_ui/relative-time.tsx';
import { linkLifeMs } from '../link-life.ts';
import { LoadProblem } from '../load-problem.tsx';
import { useTeam } from '../team-gate.tsx';
import { HomeSkeleton } from './home-skeleton.tsx';
import { useHomeActions } from './use-home-actions.ts';

/** What was moved to the trash, newest first, and the way back. Nothing in it is deleted by itself. */
export function TrashView() {
  const team = useTeam();
  const trpc = useTRPC();
  const trash = useQuery(
    trpc.projects.trash.queryOptions({ organizationId: team.id }, { refetchInterval: linkLifeMs }),
  );
  const actions = useHomeActions(team.id);
  const readOnly = team.role === 'viewer';

  if (trash.data === undefined) {
    return trash.error === null ? (
      <HomeSkeleton />
    ) : (
      <LoadProblem heading="h1" error={trash.error} onRetry={() => void trash.refetch()} />
    );
  }
  const { projects, canvases } = trash.data;
  return (
    <div className="mx-auto max-w-180">
      <h1 className="mb-6 text-20 font-semibold tracking-[-0.01em]">Trash</h1>
      {projects.length + canvases.length === 0 ? (
        <EmptyState title="The trash is empty">
          Canvases and projects that you move to the trash wait here until you restore them.
        </EmptyState>
      ) : (
        <ul className="flex flex-col">
          {projects.map((project) => (
            <li className="flex min-h-16 items-center gap-3 border-b py-2" key={project.id}>
              <span className="flex h-12 w-16 shrink-0 items-center justify-center rounded-small bg-pressed text-ink-soft">
                <Icon name="folder" size={20} />
              </span>
              <TrashedName
                deletedAt={project.deletedAt}
                detail={
                  project.canvasCount === 1 ? 'Project, 1 canvas' : `Project, ${project.canvasCount} canvases`
                }
                name={project.name}
              />
              {readOnly ? null : (
                <Button
                  aria-label={`Restore ${project.name}`}
                  onClick={() => actions.restoreProject(project.id)}
                >
                  Restore
                </Button>
              )}
            </li>
          ))}
          {canvases.map((canvas) => (
            <li className="flex min-h-16 items-center gap-3 border-b py-2" key={canvas.id}>
              <Picture alt="" className="h-12 w-16 rounded-small" src={canvas.thumbnailUrl} />
              <TrashedName
                deletedAt={canvas.deletedAt}
                detail={`Canvas in ${canvas.project.name}`}
                name={canvas.name}
              />
              {readOnly ? null : (
                <Button
                  aria-label={`Restore ${canvas.name}`}
                  onClick={() => actions.restoreCanvas(canvas.id)}
                >
                  Restore
                </Button>
              )}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function TrashedName({
  name,
  detail,
  deletedAt,
}: {
  readonly name: string;
  readonly detail: string;
  readonly deletedAt: Date | null;
}) {
  return (
    <div className="min-w-0 flex-1">
      <p className="truncate text-13 font-medium" title={name}>
        {name}
      </p>
      <p className="truncate text-12 text-ink-faint">
        {detail}
        {deletedAt === null ? null : (
          <>
            , <RelativeTime at={deletedAt} />
          </>
        )}
      </p>
    </div>
  );
}

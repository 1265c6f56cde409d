'use client';

import { useQuery } from '@tanstack/react-query';
import { type RouterOutputs, useTRPC } from '../../_client/trpc.ts';
import { Button } from '../../_ui/button.tsx';
import { ExampleSection } from '../examples/example-section.tsx';
import { linkLifeMs } from '../link-life.ts';
import { LoadProblem } from '../load-problem.tsx';
import { useTeam } from '../team-gate.tsx';
import { FirstCanvas } from './first-canvas.tsx';
import { HomeSkeleton } from './home-skeleton.tsx';
import { ProjectSection } from './project-section.tsx';
import { useHomeActions } from './use-home-actions.ts';

/** The examples are on the page while a team has at most so many canvases; later they are in each project's menu alone. */
const fewCanvases = 8;

/** The team's projects and canvases as pictures, newest first. */
export function HomeView() {
  const team = useTeam();
  const trpc = useTRPC();
  const projects = useQuery(
    trpc.projects.list.queryOptions({ organizationId: team.id }, { refetchInterval: linkLifeMs }),
  );
  const actions = useHomeActions(team.id);
  const readOnly = team.role === 'viewer';

  if (projects.data === undefined) {
    return projects.error === null ? (
      <HomeSkeleton />
    ) : (
      <LoadProblem heading="h1" error={projects.error} onRetry={() => void projects.refetch()} />
    );
  }
  const [first] = projects.data;
  if (first === undefined) {
    return readOnly ? (
      <p className="text-14 text-ink-soft">The team has no canvases yet.</p>
    ) : (
      <>
        <FirstCanvas
          busy={actions.busy}
          onStart={(prompt) => actions.startFirst({ prompt, projectId: null })}
        />
        <ExampleSection project={null} />
      </>
    );
  }
  return (
    <>
      <div className="mb-6 flex items-center justify-between gap-4">
        <h1 className="text-20 font-semibold tracking-[-0.01em]">Canvases</h1>
        {readOnly ? null : (
          <Button icon="plus" onClick={actions.createProject}>
            New project
          </Button>
        )}
      </div>
      <div className="flex flex-col gap-12">
        {projects.data.map((project) => (
          <ProjectSection actions={actions} key={project.id} project={project} readOnly={readOnly} />
        ))}
      </div>
      {readOnly || countCanvases(projects.data) > fewCanvases ? null : (
        <ExampleSection isOneOfMany={projects.data.length > 1} project={first} />
      )}
    </>
  );
}

function countCanvases(projects: RouterOutputs['projects']['list']): number {
  return projects.reduce((sum, { canvases }) => sum + canvases.length, 0);
}

'use client';

import { useState } from 'react';
import type { RouterOutputs } from '../../_client/trpc.ts';
import { Button } from '../../_ui/button.tsx';
import { Icon } from '../../_ui/icon.tsx';
import { IconButton } from '../../_ui/icon-button.tsx';
import { InlineName } from '../../_ui/inline-name.tsx';
import { Menu } from '../../_ui/menu.tsx';
import { ExampleDialog } from '../examples/example-dialog.tsx';
import { CanvasCard } from './canvas-card.tsx';
import { canvasGridClass } from './canvas-grid.ts';
import type { HomeActions } from './use-home-actions.ts';

/** A project: its name, and its canvases as pictures. */
export function ProjectSection({
  project,
  readOnly,
  actions,
}: {
  readonly project: RouterOutputs['projects']['list'][number];
  readonly readOnly: boolean;
  readonly actions: HomeActions;
}) {
  const [choosing, setChoosing] = useState(false);
  return (
    <section aria-label={project.name}>
      <header className="mb-3 flex items-center gap-1">
        <h2 className={`min-w-0 text-14 font-medium text-ink ${readOnly ? '' : '-ml-1.5'}`}>
          {readOnly ? (
            <span className="block truncate">{project.name}</span>
          ) : (
            <InlineName
              className="text-14 font-medium"
              label="Project name"
              name={project.name}
              onRename={(name) => actions.renameProject(project.id, name)}
            />
          )}
        </h2>
        {readOnly ? null : (
          <>
            <Menu
              align="start"
              entries={[
                {
                  id: 'example',
                  label: 'Start from an example',
                  icon: 'image',
                  onSelect: () => setChoosing(true),
                },
                {
                  id: 'duplicate',
                  label: 'Duplicate',
                  icon: 'copy',
                  onSelect: () => actions.duplicateProject(project.id),
                },
                { kind: 'separator', id: 'line' },
                {
                  id: 'trash',
                  label: 'Move to trash',
                  icon: 'trash',
                  danger: true,
                  onSelect: () => actions.trashProject(project),
                },
              ]}
              trigger={<IconButton hint="More" icon="more" label={`More for ${project.name}`} size="small" />}
            />
            <span className="flex-1" />
            {project.canvases.length === 0 ? null : (
              <Button icon="plus" kind="quiet" onClick={() => actions.createCanvas(project.id)} size="small">
                New canvas
              </Button>
            )}
          </>
        )}
      </header>
      {project.canvases.length === 0 ? (
        readOnly ? (
          <p className="text-13 text-ink-faint">No canvases yet.</p>
        ) : (
          <div className={canvasGridClass}>
            <button
              className="flex aspect-4/3 w-full flex-col items-center justify-center gap-2 rounded-control border border-dashed border-edge text-13 text-ink-soft transition-colors hover:bg-hover hover:text-ink"
              onClick={() => actions.createCanvas(project.id)}
              type="button"
            >
              <Icon name="plus" size={20} />
              New canvas
            </button>
          </div>
        )
      ) : (
        <ul className={canvasGridClass}>
          {project.canvases.map((canvas) => (
            <CanvasCard
              canvas={canvas}
              key={canvas.id}
              onDuplicate={() => actions.duplicateCanvas(canvas.id)}
              onRename={(name) => actions.renameCanvas(canvas.id, name)}
              onTrash={() => actions.trashCanvas(canvas)}
              readOnly={readOnly}
            />
          ))}
        </ul>
      )}
      {choosing ? <ExampleDialog onClose={() => setChoosing(false)} project={project} /> : null}
    </section>
  );
}

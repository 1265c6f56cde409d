'use client';

import { Dialog } from '../../_ui/dialog.tsx';
import { ExampleCards } from './example-cards.tsx';

/** The examples for one project, wherever on the page it is. */
export function ExampleDialog({
  project,
  onClose,
}: {
  readonly project: { readonly id: string; readonly name: string };
  readonly onClose: () => void;
}) {
  return (
    <Dialog
      description={`Each opens a new canvas in “${project.name}”, ready for Generate.`}
      onOpenChange={onClose}
      open
      title="Start from an example"
      wide
    >
      <ExampleCards projectId={project.id} />
    </Dialog>
  );
}

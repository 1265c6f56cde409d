'use client';

import { Button } from '../../_ui/button.tsx';
import { buttonClass } from '../../_ui/button-class.ts';
import { classNames } from '../../_ui/class-names.ts';
import { Dialog } from '../../_ui/dialog.tsx';
import { Icon } from '../../_ui/icon.tsx';
import { Picture } from '../../_ui/picture.tsx';
import { RelativeTime } from '../../_ui/relative-time.tsx';
import { Lineage } from './lineage.tsx';
import { recipeFacts } from './recipe-facts.ts';
import type { GenerationView, InputView, OutputView } from './view.ts';

export interface RecipeActions {
  readonly useSettings: (output: OutputView) => void;
  readonly useSeed: (output: OutputView) => void;
  readonly runAgain: (generation: GenerationView, output: OutputView) => void;
  readonly moveToTrash: (generation: GenerationView) => void;
}

/** One picture with everything that is needed to make it again, where it came from, and what can be done with it. */
export function RecipeDialog({
  generation,
  output,
  inputs,
  readOnly,
  onSelect,
  onClose,
  actions,
}: {
  readonly generation: GenerationView;
  readonly output: OutputView;
  /** Null while they are on their way. */
  readonly inputs: readonly InputView[] | null;
  readonly readOnly: boolean;
  readonly onSelect: (outputId: string) => void;
  readonly onClose: () => void;
  readonly actions: RecipeActions;
}) {
  return (
    <Dialog
      description={
        <>
          {generation.requestedBy.name}, <RelativeTime at={generation.createdAt} />
        </>
      }
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
      open
      title="Recipe"
      wide
    >
      <div className="flex flex-col gap-5 sm:flex-row">
        <div className="flex flex-col gap-2 sm:w-[55%]">
          <Picture
            alt={generation.prompt}
            className="w-full rounded-control"
            fit="contain"
            height={output.height}
            src={output.url}
            width={output.width}
          />
          {generation.outputs.length < 2 ? null : (
            <div className="flex flex-wrap gap-1.5">
              {generation.outputs.map((other, index) => (
                <button
                  aria-label={`Picture ${index + 1} of ${generation.outputs.length}`}
                  aria-pressed={other.id === output.id}
                  className={classNames(
                    'size-12 rounded-small outline-offset-2',
                    other.id === output.id
                      ? 'shadow-[0_0_0_2px_var(--raised),0_0_0_4px_var(--accent)]'
                      : 'hover:shadow-[0_0_0_2px_var(--edge)]',
                  )}
                  key={other.id}
                  onClick={() => onSelect(other.id)}
                  type="button"
                >
                  <Picture alt="" className="size-full rounded-small" src={other.url} />
                </button>
              ))}
            </div>
          )}
        </div>
        <div className="flex min-w-0 flex-1 flex-col gap-4">
          <div>
            <p className="text-14 break-words whitespace-pre-wrap select-text">
              {generation.prompt || 'No words'}
            </p>
            {generation.negativePrompt === '' ? null : (
              <p className="mt-1 text-13 break-words whitespace-pre-wrap text-ink-soft select-text">
                Left out: {generation.negativePrompt}
              </p>
            )}
          </div>
          <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1 text-13">
            {recipeFacts(output.recipe).map((fact) => (
              <div className="contents" key={fact.name}>
                <dt className="text-ink-soft">{fact.name}</dt>
                <dd
                  className={classNames(
                    'min-w-0 text-right break-words select-text',
                    fact.exact === true && 'font-mono text-12 leading-5',
                  )}
                  title={fact.full}
                >
                  {fact.value}
                </dd>
              </div>
            ))}
          </dl>
          <div className="flex flex-wrap gap-2">
            {readOnly ? null : (
              <>
                <Button onClick={() => actions.useSettings(output)}>Use settings</Button>
                <Button icon="dice" onClick={() => actions.useSeed(output)}>
                  Use seed
                </Button>
                <Button icon="retry" onClick={() => actions.runAgain(generation, output)}>
                  Run again
                </Button>
              </>
            )}
            {output.downloadUrl === null ? null : (
              <a className={buttonClass({})} download href={output.downloadUrl}>
                <Icon name="download" />
                Download PNG
              </a>
            )}
            {readOnly ? null : (
              <Button
                className="text-danger-text"
                icon="trash"
                kind="quiet"
                onClick={() => actions.moveToTrash(generation)}
              >
                Move to trash
              </Button>
            )}
          </div>
        </div>
      </div>
      <Lineage generation={generation} inputs={inputs} shownOutputId={output.id} />
    </Dialog>
  );
}

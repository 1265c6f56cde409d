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
import { type Generation, modeOf, type Output, outputsOf, wordsOf } from './view.ts';

export interface RecipeActions {
  readonly applySettings: (output: Output) => void;
  readonly lockSeed: (output: Output) => void;
  readonly runAgain: (generation: Generation, output: Output) => void;
  /** The same settings with a new seed. */
  readonly variation: (generation: Generation, output: Output) => void;
  readonly moveToTrash: (generation: Generation, output: Output) => void;
}

/** One picture with everything that is needed to make it again, where it came from, and what can be done with it. */
export function RecipeDialog({
  generation,
  output,
  readOnly,
  onSelect,
  onClose,
  actions,
}: {
  readonly generation: Generation;
  readonly output: Output;
  readonly readOnly: boolean;
  readonly onSelect: (outputId: string) => void;
  readonly onClose: () => void;
  readonly actions: RecipeActions;
}) {
  const { recipe } = output;
  const others = outputsOf(generation);
  // An enlargement was made without words, settings and seed, so it has none to give.
  const hasSettings = modeOf(generation) !== 'upscale';
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
          {others.length < 2 ? null : (
            <div className="flex flex-wrap gap-1.5">
              {others.map((other, index) => (
                <button
                  aria-label={`Picture ${index + 1} of ${others.length}`}
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
                  <Picture alt="" className="size-full rounded-small" src={other.thumbnailUrl} />
                </button>
              ))}
            </div>
          )}
        </div>
        <div className="flex min-w-0 flex-1 flex-col gap-4">
          <div>
            <p className="text-14 break-words whitespace-pre-wrap select-text">
              {wordsOf(generation) || 'No words'}
            </p>
            {recipe === null || recipe.negativePrompt === '' ? null : (
              <p className="mt-1 text-13 break-words whitespace-pre-wrap text-ink-soft select-text">
                Left out: {recipe.negativePrompt}
              </p>
            )}
          </div>
          <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1 text-13">
            {(recipe === null ? [] : recipeFacts(recipe)).map((fact) => (
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
          <div className="grid grid-cols-2 gap-2">
            {readOnly ? null : (
              <>
                {hasSettings ? (
                  <>
                    <Button onClick={() => actions.applySettings(output)}>Use settings</Button>
                    <Button icon="dice" onClick={() => actions.lockSeed(output)}>
                      Use seed
                    </Button>
                  </>
                ) : null}
                <Button icon="retry" onClick={() => actions.runAgain(generation, output)}>
                  Run again
                </Button>
                {hasSettings ? (
                  <Button onClick={() => actions.variation(generation, output)}>New variation</Button>
                ) : null}
              </>
            )}
            <a className={buttonClass({})} download={fileName(generation, output)} href={output.url}>
              <Icon name="download" />
              Download PNG
            </a>
            {readOnly ? null : (
              <Button
                icon="trash"
                kind="quiet-danger"
                onClick={() => actions.moveToTrash(generation, output)}
              >
                Move to trash
              </Button>
            )}
          </div>
        </div>
      </div>
      <Lineage generation={generation} shownOutputId={output.id} />
    </Dialog>
  );
}

/** A file name that says what the picture is: its first words and its seed. */
function fileName(generation: Generation, output: Output): string {
  const words = wordsOf(generation)
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 40);
  return `${words === '' ? 'picture' : words}-${output.seed}.png`;
}

'use client';

import { Icon } from '../../_ui/icon.tsx';
import { Picture } from '../../_ui/picture.tsx';
import { modeVerb } from './mode-words.ts';
import { type Generation, type Input, modeOf, outputsOf } from './view.ts';

const roleWords: Readonly<Record<string, string>> = {
  source: 'Picture',
  mask: 'Mask',
  control: 'Control map',
  reference: 'Reference',
  layer: 'Layer',
  parent: 'Run again from',
};

/** Where the pictures came from, as a small graph: inputs, what was done, outputs. */
export function Lineage({
  generation,
  shownOutputId,
}: {
  readonly generation: Generation;
  readonly shownOutputId: string;
}) {
  const inputs = generation.inputs.filter((input) => input.thumbnailUrl !== null);
  return (
    <section aria-label="Where it came from" className="mt-6 border-t pt-4">
      <h3 className="mb-3 text-13 font-semibold">Where it came from</h3>
      <div className="flex items-center gap-3 overflow-x-auto pb-1">
        {inputs.length === 0 ? (
          <Node label="Words" url={null} words />
        ) : (
          inputs.map((input) => (
            <Node
              key={inputKey(input)}
              label={roleWords[input.role] ?? input.role}
              url={input.thumbnailUrl}
            />
          ))
        )}
        <div className="flex shrink-0 flex-col items-center gap-0.5 px-1 text-12 text-ink-soft">
          {modeVerb(modeOf(generation))}
          <Icon name="arrow-right" size={20} />
        </div>
        {outputsOf(generation).map((output, index) => (
          <Node
            key={output.id}
            label={output.id === shownOutputId ? 'This picture' : `Picture ${index + 1}`}
            url={output.thumbnailUrl}
          />
        ))}
      </div>
    </section>
  );
}

function inputKey(input: Input): string {
  return [input.role, input.layerId, input.outputId, input.hash].join(' ');
}

function Node({
  label,
  url,
  words = false,
}: {
  readonly label: string;
  readonly url: string | null;
  readonly words?: boolean;
}) {
  return (
    <figure className="flex w-18 shrink-0 flex-col gap-1">
      {words ? (
        <span className="flex size-18 items-center justify-center rounded-small bg-pressed text-ink-soft">
          <Icon name="prompt" size={20} />
        </span>
      ) : (
        <Picture alt={label} className="size-18 rounded-small" src={url} />
      )}
      <figcaption className="truncate text-12 text-ink-soft">{label}</figcaption>
    </figure>
  );
}

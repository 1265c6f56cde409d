'use client';

import { formatUnknownWord, type UnknownWord } from '../../../shared/prompt/vocabulary.ts';

/** Under the prompt: which words the pack has not learned, and what is nearest. A notice, not an error. */
export function UnknownWords({ words }: { readonly words: readonly UnknownWord[] }) {
  const shown = words.slice(0, 3);
  const more = words.length - shown.length;
  return (
    <div role="status">
      {shown.length === 0 ? null : (
        <ul className="mt-2 flex flex-col gap-0.5 text-12 text-notice-text">
          {shown.map((unknown) => (
            <li key={unknown.word}>{formatUnknownWord(unknown)}</li>
          ))}
          {more === 0 ? null : <li>{more === 1 ? 'And one more word.' : `And ${more} more words.`}</li>}
        </ul>
      )}
    </div>
  );
}

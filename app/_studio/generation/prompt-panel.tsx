'use client';

import { Collapsible } from 'radix-ui';
import { useMemo, useState } from 'react';
import { rootsOf } from '../../../shared/document/canvas.ts';
import { useCanvasModel } from '../../_editor/ui/editor-context.ts';
import { PromptField } from '../../_editor/ui/prompt-field.tsx';
import { Icon } from '../../_ui/icon.tsx';
import { useCanvas } from '../canvas/canvas-context.tsx';
import { useChangeSettings } from '../canvas/use-document-settings.ts';
import { FollowedMaps, FollowsNothing } from './followed-maps.tsx';
import { GenerateButton } from './generate-button.tsx';
import { ReferenceField } from './reference-field.tsx';
import { SettingsForm } from './settings-form.tsx';
import { UnknownWords } from './unknown-words.tsx';
import type { Generate } from './use-generate.ts';
import { usePromptHistory } from './use-prompt-history.ts';
import { useUnknownWords } from './use-unknown-words.ts';

/** What to paint and how: the shared words, the shared settings, and the one button. */
export function PromptPanel({ generate }: { readonly generate: Generate }) {
  const { connection, readOnly } = useCanvas();
  const canvas = useCanvasModel();
  const { settings, prompt, negativePrompt } = canvas;
  const unknownWords = useUnknownWords(prompt, settings.pack);
  const onHistory = usePromptHistory(prompt);
  const change = useChangeSettings(connection.doc);
  const texts = useMemo(() => rootsOf(connection.doc), [connection.doc]);
  const [leaveOut, setLeaveOut] = useState(false);
  const showsLeaveOut = leaveOut || negativePrompt !== '';
  const instructs = generate.mode === 'instruct';
  return (
    <div className="flex min-h-full flex-col">
      <div className="flex flex-1 flex-col gap-4 p-4">
        <div>
          <PromptField
            awareness={connection.awareness}
            canEdit={!readOnly}
            hideLabel
            label="Prompt"
            lines={6}
            onHistory={onHistory}
            onSubmit={generate.press}
            placeholder={instructs ? 'What should change? Say, make the fox blue' : 'What should be painted?'}
            text={texts.prompt}
            unknownWords={unknownWords}
          />
          <UnknownWords words={unknownWords} />
        </div>
        <Collapsible.Root onOpenChange={setLeaveOut} open={showsLeaveOut}>
          {showsLeaveOut || readOnly ? null : (
            <Collapsible.Trigger className="-mt-2 -ml-1 flex h-7 items-center gap-1 rounded-small pr-2 pl-1 text-13 text-ink-soft hover:text-ink coarse:h-11">
              <Icon name="plus" />
              Leave something out
            </Collapsible.Trigger>
          )}
          <Collapsible.Content>
            <PromptField
              awareness={connection.awareness}
              canEdit={!readOnly}
              label="Leave out"
              lines={2}
              onSubmit={generate.press}
              placeholder="What should not appear?"
              text={texts.negativePrompt}
            />
          </Collapsible.Content>
        </Collapsible.Root>
        {instructs ? (
          <FollowsNothing canvas={canvas} />
        ) : (
          <>
            <FollowedMaps canvas={canvas} />
            <ReferenceField canFollow={generate.abilities?.reference === true} reference={canvas.reference} />
          </>
        )}
        <SettingsForm
          mode={generate.mode}
          offersInt8={generate.abilities?.int8 === true}
          onChange={change}
          readOnly={readOnly}
          settings={settings}
        />
      </div>
      <div className="sticky bottom-0 bg-surface p-4 pt-3 hairline-t">
        <GenerateButton
          mode={generate.mode}
          offersInstruct={generate.offersInstruct}
          onGenerate={generate.press}
          onMode={(mode) => change({ mode })}
          outlook={generate.outlook}
          problem={generate.problem}
          readOnly={readOnly}
          settings={settings}
          state={generate.state}
        />
      </div>
    </div>
  );
}

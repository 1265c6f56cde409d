'use client';

import { Toast as Radix } from 'radix-ui';
import { createContext, type ReactNode, useCallback, useContext, useMemo, useState } from 'react';
import { Button } from './button.tsx';
import { Icon } from './icon.tsx';
import { IconButton } from './icon-button.tsx';
import { useMedia } from './use-media.ts';

interface ToastMessage {
  readonly text: string;
  /** What to do about it, or what is safe: a second, quieter line. */
  readonly detail?: string | undefined;
  readonly tone?: 'plain' | 'problem' | undefined;
  readonly action?: { readonly label: string; readonly onSelect: () => void } | undefined;
}

type ShowToast = (message: ToastMessage) => void;

const ToastContext = createContext<ShowToast | null>(null);

const phoneQuery = '(max-width: 639px)';

/** Shows short messages at the bottom edge, on a phone at the top where they cover no button, read out politely; problems at once. */
export function ToastProvider({ children }: { readonly children: ReactNode }) {
  const [messages, setMessages] = useState<readonly (ToastMessage & { readonly key: number })[]>([]);
  const show = useCallback((message: ToastMessage) => {
    setMessages((before) => [...before.slice(-2), { ...message, key: nextKey() }]);
  }, []);
  const value = useMemo(() => show, [show]);
  const isPhone = useMedia(phoneQuery);
  return (
    <ToastContext.Provider value={value}>
      <Radix.Provider duration={7_000} label="Message" swipeDirection={isPhone ? 'up' : 'down'}>
        {children}
        {messages.map((message) => (
          <Radix.Root
            className="flex animate-enter items-start gap-3 rounded-control bg-raised py-2 pr-2 pl-3 text-13 shadow-float outline outline-line data-[state=closed]:animate-leave"
            key={message.key}
            onOpenChange={(open) => {
              if (!open) setMessages((before) => before.filter((other) => other.key !== message.key));
            }}
            type={message.tone === 'problem' ? 'foreground' : 'background'}
            // An Undo is worth more time, and a problem stays until it was read.
            duration={message.tone === 'problem' ? 20_000 : message.action === undefined ? 5_000 : 10_000}
          >
            {message.tone === 'problem' ? <Icon className="mt-1.5 text-danger-text" name="warning" /> : null}
            <div className="min-w-0 flex-1 py-1">
              <Radix.Title className="break-words text-ink">{message.text}</Radix.Title>
              {message.detail === undefined ? null : (
                <Radix.Description className="mt-0.5 break-words text-ink-soft">
                  {message.detail}
                </Radix.Description>
              )}
            </div>
            {message.action === undefined ? null : (
              <Radix.Action altText={message.action.label} asChild>
                <Button kind="quiet-accent" onClick={message.action.onSelect} size="small">
                  {message.action.label}
                </Button>
              </Radix.Action>
            )}
            <Radix.Close asChild>
              <IconButton icon="close" label="Dismiss" size="small" />
            </Radix.Close>
          </Radix.Root>
        ))}
        <Radix.Viewport className="fixed left-1/2 z-70 flex w-[min(420px,calc(100vw-32px))] -translate-x-1/2 flex-col gap-2 outline-none max-sm:top-2 max-sm:pt-[env(safe-area-inset-top)] sm:bottom-4 sm:pb-[env(safe-area-inset-bottom)]" />
      </Radix.Provider>
    </ToastContext.Provider>
  );
}

/** The function that shows a message. */
export function useToast(): ShowToast {
  const show = useContext(ToastContext);
  if (show === null) throw new Error('useToast needs a ToastProvider above it.');
  return show;
}

let lastKey = 0;
function nextKey(): number {
  lastKey += 1;
  return lastKey;
}

'use client';

import { ContextMenu as RadixContext, DropdownMenu as Radix } from 'radix-ui';
import type { ReactNode } from 'react';
import { classNames } from './class-names.ts';
import { Icon, type IconName } from './icon.tsx';
import { ShortcutHint } from './tooltip.tsx';

export const menuContentClass =
  'z-60 min-w-44 max-w-80 animate-fade overflow-y-auto rounded-control bg-raised p-1 shadow-float outline outline-line';
export const menuItemClass =
  'flex min-h-7 items-center gap-2 rounded-small px-2 py-1 text-13 select-none outline-none data-[highlighted]:bg-pressed data-[disabled]:opacity-50 coarse:min-h-11';

interface MenuOption {
  readonly value: string;
  readonly label: string;
  /** What it means, as a second, quieter line. */
  readonly hint?: string | undefined;
}

export type MenuEntry =
  | {
      readonly kind?: 'action' | undefined;
      readonly id: string;
      readonly label: string;
      readonly icon?: IconName | undefined;
      readonly shortcut?: string | undefined;
      readonly danger?: boolean | undefined;
      readonly disabled?: boolean | undefined;
      readonly onSelect: () => void;
    }
  | { readonly kind: 'separator'; readonly id: string }
  | { readonly kind: 'label'; readonly id: string; readonly label: ReactNode }
  | {
      readonly kind: 'choice';
      readonly id: string;
      readonly label: string;
      readonly value: string;
      readonly options: readonly MenuOption[];
      readonly onChange: (value: string) => void;
    };

/** A menu that opens from `trigger`, which must be a button. */
export function Menu({
  trigger,
  entries,
  align = 'end',
  side = 'bottom',
}: {
  readonly trigger: ReactNode;
  readonly entries: readonly MenuEntry[];
  readonly align?: 'start' | 'center' | 'end' | undefined;
  readonly side?: 'top' | 'right' | 'bottom' | 'left' | undefined;
}) {
  return (
    <Radix.Root modal={false}>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          align={align}
          className={classNames(menuContentClass, 'max-h-(--radix-dropdown-menu-content-available-height)')}
          collisionPadding={8}
          side={side}
          sideOffset={4}
        >
          <MenuEntries entries={entries} parts={Radix} />
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** The same kind of menu on a right click (or a long press) on `children`. Everything in it must be reachable elsewhere too. */
export function ContextMenu({
  children,
  entries,
}: {
  readonly children: ReactNode;
  readonly entries: readonly MenuEntry[];
}) {
  return (
    <RadixContext.Root modal={false}>
      <RadixContext.Trigger asChild>{children}</RadixContext.Trigger>
      <RadixContext.Portal>
        <RadixContext.Content className={menuContentClass} collisionPadding={8}>
          <MenuEntries entries={entries} parts={RadixContext} />
        </RadixContext.Content>
      </RadixContext.Portal>
    </RadixContext.Root>
  );
}

/** The entries of a menu, built of the parts of its kind. */
function MenuEntries({
  entries,
  parts: Parts,
}: {
  readonly entries: readonly MenuEntry[];
  readonly parts: typeof Radix | typeof RadixContext;
}) {
  return entries.map((entry) => {
    switch (entry.kind) {
      case 'separator':
        return <Parts.Separator className="mx-1 my-1 h-px bg-line" key={entry.id} />;
      case 'label':
        return (
          <Parts.Label className="px-2 py-1 text-12 text-ink-faint" key={entry.id}>
            {entry.label}
          </Parts.Label>
        );
      case 'choice':
        return (
          <Parts.RadioGroup key={entry.id} onValueChange={entry.onChange} value={entry.value}>
            <Parts.Label className="px-2 py-1 text-12 text-ink-faint">{entry.label}</Parts.Label>
            {entry.options.map((option) => (
              <Parts.RadioItem className={menuItemClass} key={option.value} value={option.value}>
                <span className="flex w-4 shrink-0">
                  <Parts.ItemIndicator>
                    <Icon name="check" />
                  </Parts.ItemIndicator>
                </span>
                <MenuOptionContent option={option} />
              </Parts.RadioItem>
            ))}
          </Parts.RadioGroup>
        );
      default:
        return (
          <Parts.Item
            className={classNames(menuItemClass, entry.danger === true ? 'text-danger-text' : 'text-ink')}
            disabled={entry.disabled ?? false}
            key={entry.id}
            onSelect={entry.onSelect}
          >
            <MenuItemContent entry={entry} />
          </Parts.Item>
        );
    }
  });
}

function MenuOptionContent({ option }: { readonly option: MenuOption }) {
  return (
    <span className="flex min-w-0 flex-col">
      <span className="truncate">{option.label}</span>
      {option.hint === undefined ? null : <span className="text-12 text-ink-faint">{option.hint}</span>}
    </span>
  );
}

function MenuItemContent({
  entry,
}: {
  readonly entry: {
    readonly label: string;
    readonly icon?: IconName | undefined;
    readonly shortcut?: string | undefined;
  };
}) {
  return (
    <>
      {entry.icon === undefined ? null : <Icon className="opacity-80" name={entry.icon} />}
      <span className="min-w-0 flex-1 truncate">{entry.label}</span>
      {entry.shortcut === undefined ? null : <ShortcutHint shortcut={entry.shortcut} />}
    </>
  );
}

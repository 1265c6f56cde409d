'use client';

import { useEffect, useState } from 'react';
import type { MenuEntry } from '../../_ui/menu.tsx';
import { chooseTheme, readThemeChoice, type ThemeChoice, themeChoices } from '../../_ui/theme.ts';

const themeWords: Readonly<Record<ThemeChoice, string>> = {
  system: 'As the system',
  light: 'Light',
  dark: 'Dark',
};

/** The choice of theme as part of a menu. */
export function useThemeEntry(): MenuEntry {
  const [theme, setTheme] = useState<ThemeChoice>('system');
  useEffect(() => setTheme(readThemeChoice()), []);
  return {
    kind: 'choice',
    id: 'theme',
    label: 'Theme',
    value: theme,
    options: themeChoices.map((value) => ({ value, label: themeWords[value] })),
    onChange: (value) => {
      const choice = themeChoices.find((candidate) => candidate === value);
      if (choice === undefined) return;
      setTheme(choice);
      chooseTheme(choice);
    },
  };
}

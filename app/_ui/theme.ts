/** What a person can choose; `system` follows the device. */
export const themeChoices = ['system', 'light', 'dark'] as const;
export type ThemeChoice = (typeof themeChoices)[number];

const themeStorageKey = 'gesso-theme';

/**
 * Runs in the head before anything is painted, so that no page flashes in the wrong theme, and keeps following the
 * device and the choice made in other tabs.
 */
export const themeScript = `(function(){
var root=document.documentElement,media=matchMedia('(prefers-color-scheme: dark)');
function apply(){var choice=null;try{choice=localStorage.getItem('${themeStorageKey}')}catch(e){}
root.dataset.theme=choice==='dark'||choice==='light'?choice:media.matches?'dark':'light'}
apply();media.addEventListener('change',apply);addEventListener('storage',apply);addEventListener('gesso-theme',apply);
})()`;

/** The stored choice of this browser; `system` when nothing is stored or storage is closed. */
export function readThemeChoice(): ThemeChoice {
  try {
    const stored = window.localStorage.getItem(themeStorageKey);
    return stored === 'light' || stored === 'dark' ? stored : 'system';
  } catch {
    return 'system';
  }
}

/** Stores the choice for this browser and shows it at once. */
export function chooseTheme(choice: ThemeChoice): void {
  try {
    if (choice === 'system') window.localStorage.removeItem(themeStorageKey);
    else window.localStorage.setItem(themeStorageKey, choice);
  } catch {
    // Storage is closed (a private window, a strict setting): the system's theme stays.
  }
  window.dispatchEvent(new Event('gesso-theme'));
}

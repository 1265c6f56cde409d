import type { Locator, Page } from '@playwright/test';
import { expect, test } from '../setup/browser.ts';
import { expectPrompt, expectSaved, newEmail } from '../setup/people.ts';

/**
 * A newcomer without a mouse: account, canvas, prompt, picture, layer, mask, all by keys alone, with the focus visible at
 * every stop and the outcome said to a screen reader.
 */
test('one person makes, keeps, names and repaints a picture without a pointer', async ({ person }) => {
  const page = await person();
  const keys = page.keyboard;

  await page.goto('/sign-up');
  await tabTo(page, page.getByLabel('Name', { exact: true }));
  await keys.type('Ada Lovelace');
  await tabTo(page, page.getByLabel('E-mail'));
  await keys.type(newEmail('ada'));
  await tabTo(page, page.getByLabel('Password'));
  await keys.type('a long enough password');
  await keys.press('Enter');
  await tabTo(page, page.getByRole('button', { name: 'Open the first canvas' }));
  await keys.press('Enter');
  await page.waitForURL(/\/canvas\//);
  await expectSaved(page);

  await tabTo(page, page.getByRole('textbox', { name: 'Prompt' }));
  await keys.press('ControlOrMeta+a');
  await keys.type('a yellow boat on a lake');
  await expectPrompt(page, 'a yellow boat on a lake');
  await keys.press('ControlOrMeta+Enter');
  const strip = page.getByRole('listbox', { name: 'New pictures' });
  await expect(strip.getByRole('option')).toHaveCount(2);
  await expectSaid(page, /2 new pictures arrived/);

  // The second of the two.
  await keys.press('Escape');
  await tabTo(page, strip.getByRole('option').first());
  await keys.press('ArrowRight');
  await expect(strip.getByRole('option').nth(1)).toBeFocused();
  await expect(strip.getByRole('option').nth(1)).toHaveAttribute('aria-selected', 'true');
  await tabTo(page, page.getByRole('button', { name: 'Keep' }));
  await keys.press('Enter');
  await expectSaid(page, /Kept as a layer/);

  await tabTo(page, page.getByRole('tab', { selected: true }));
  for (let tab = 0; tab < 4; tab += 1) {
    const before = await focusedName(page);
    if (before.startsWith('Layers')) break;
    await keys.press('ArrowRight');
    // The focus follows in a later turn of the event loop.
    await expect.poll(() => focusedName(page)).not.toBe(before);
  }
  await keys.press('Enter');
  await tabTo(page, page.getByRole('treeitem').first());
  await keys.press('F2');
  await keys.press('ControlOrMeta+a');
  await keys.type('The boat');
  await keys.press('Enter');
  await expect(page.getByRole('treeitem', { name: /The boat/ })).toBeVisible();

  // Nudged, and put back.
  await tabTo(page, page.getByRole('application'));
  await keys.press('ArrowRight');
  await expectSaid(page, /The boat at 1, 0/);
  await keys.press('ControlOrMeta+z');
  await expectSaid(page, /Undone: Move layer/);

  // The whole frame as a mask, and Fill by the same key as Generate.
  await keys.press('ControlOrMeta+Shift+m');
  await expect(page.getByRole('treeitem')).toHaveCount(2);
  await keys.press('ControlOrMeta+i');
  await expectSaid(page, /Invert mask/);
  await expect(page.getByRole('treeitem', { name: /inverted mask/ })).toBeVisible();
  await keys.press('ControlOrMeta+Enter');
  await expect(strip.getByRole('option')).toHaveCount(3);

  // Help comes and goes, and the focus is where it was.
  await keys.press('Shift+?');
  await expect(page.getByRole('dialog')).toBeVisible();
  await keys.press('Escape');
  await expect(page.getByRole('dialog')).toBeHidden();
  await expect(page.getByRole('application')).toBeFocused();

  // Everything is in the palette.
  await keys.press('ControlOrMeta+k');
  await keys.type('frame 512');
  await keys.press('Enter');
  await expectSaid(page, /Frame 512/);
  await expect(page.getByRole('application')).toBeFocused();
  await expectSaved(page);
});

/** Presses Tab until `target` has the focus, at most once round the page; every stop on the way must be seen to have it. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  await expect(target.first()).toBeVisible();
  for (let presses = 0; presses < 80; presses += 1) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press('Tab');
    const unseen = await page.evaluate(() => {
      const element = document.activeElement;
      if (element === null || element === document.body) return null;
      // A text field may leave the ring to the box around it.
      for (
        let part: Element | null = element, up = 0;
        part !== null && up < 4;
        part = part.parentElement, up += 1
      ) {
        const { outlineStyle, outlineWidth } = getComputedStyle(part);
        if (outlineStyle !== 'none' && outlineWidth !== '0px') return null;
      }
      return element.outerHTML.slice(0, 200);
    });
    expect(unseen, 'has the focus, and nobody can see it').toBeNull();
  }
  throw new Error(`Tab never comes to ${target.toString()}`);
}

async function focusedName(page: Page): Promise<string> {
  return page.evaluate(() => document.activeElement?.textContent ?? '');
}

/** What a screen reader is told, sooner or later. */
async function expectSaid(page: Page, words: RegExp): Promise<void> {
  await expect(
    page.locator('[aria-live], [role="status"]').filter({ hasText: words }).first(),
  ).toBeAttached();
}

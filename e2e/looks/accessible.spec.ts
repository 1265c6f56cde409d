import { readFileSync } from 'node:fs';
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect, test } from '../setup/browser.ts';
import { packComponents, packTasks, scenePicture } from '../setup/pack.ts';
import { expectSaved, paintAcrossFrame, signUpToCanvas } from '../setup/people.ts';

const sizes = [
  { width: 1440, height: 900 },
  { width: 390, height: 844 },
] as const;

/** Fails on any WCAG 2.2 A or AA violation that axe finds, and keeps a picture of the screen. */
async function expectAccessible(page: Page, name: string): Promise<void> {
  // Things that fade in are still too pale for axe while they do.
  await page.waitForTimeout(400);
  await page.screenshot({ path: `.cache/looks/${name}.png` });
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'])
    .analyze();
  expect(
    violations.map(
      ({ id, nodes }) => `${name}: ${id} at ${nodes.map((node) => node.target.join(' ')).join(', ')}`,
    ),
  ).toEqual([]);
}

for (const size of sizes) {
  for (const colorScheme of ['light', 'dark'] as const) {
    const suffix = `${size.width}-${colorScheme}`;

    test(`every screen is accessible at ${size.width} px, ${colorScheme}`, async ({ person }) => {
      const page = await person({ ...size, colorScheme });
      await page.goto('/sign-in');
      await expectAccessible(page, `sign-in-${suffix}`);
      await signUpToCanvas(page, 'Ada Lovelace');
      await expectAccessible(page, `canvas-empty-${suffix}`);

      await page
        .getByRole('button', { name: /^Generate/ })
        .first()
        .click();
      await expect(page.getByRole('listbox', { name: 'New pictures' }).getByRole('option')).toHaveCount(2, {
        timeout: 60_000,
      });
      await expectAccessible(page, `canvas-candidates-${suffix}`);
      await page.getByRole('button', { name: 'Keep' }).click();
      await paintAcrossFrame(page);
      await expectAccessible(page, `canvas-mask-${suffix}`);
      if (size.width > 600) {
        await page.getByRole('tab', { name: 'Layers' }).click();
        await expectAccessible(page, `canvas-layers-${suffix}`);
        await page.getByRole('button', { name: 'New control layer' }).click();
        await expectAccessible(page, `control-menu-${suffix}`);
        await page.getByRole('menuitem', { name: 'New region' }).click();
        await expectAccessible(page, `canvas-control-${suffix}`);
        await page.getByRole('tab', { name: 'Prompt' }).click();
        await expectAccessible(page, `canvas-followed-${suffix}`);
        await page.getByRole('tab', { name: 'History' }).click();
        await expectAccessible(page, `canvas-history-${suffix}`);
        await page
          .getByRole('button', { name: /^Open picture/ })
          .first()
          .click();
        await expectAccessible(page, `recipe-${suffix}`);
      }

      await page.goto('/');
      await expect(page.getByRole('link', { name: /^Open / }).first()).toBeVisible();
      await expect(
        page.getByRole('region', { name: 'Start from an example' }).getByRole('listitem'),
      ).toHaveCount(6);
      await expectAccessible(page, `home-${suffix}`);
      await page.getByRole('button', { name: 'More for First project' }).click();
      await page.getByRole('menuitem', { name: 'Start from an example' }).click();
      await expect(page.getByRole('dialog').getByRole('listitem')).toHaveCount(6);
      await expectAccessible(page, `examples-${suffix}`);
      await page.goto('/people');
      await expect(page.getByRole('list', { name: 'Members' })).toBeVisible();
      await expectAccessible(page, `people-${suffix}`);
      await page.goto('/trash');
      await expectAccessible(page, `trash-${suffix}`);
      await page.goto('/nothing-here');
      await expectAccessible(page, `not-found-${suffix}`);
    });

    test(`what only some packs can is accessible at ${size.width} px, ${colorScheme}`, async ({ person }) => {
      const page = await person({ ...size, colorScheme });
      const panels = page.getByRole('navigation', { name: 'Panels' });
      const isNarrow = size.width < 600;
      const open = async (name: 'Prompt' | 'Layers') => {
        if (!isNarrow) return page.getByRole('tab', { name }).click();
        const close = page.getByRole('dialog').getByRole('button', { name: 'Close' });
        if (await close.isVisible()) await close.click();
        return panels.getByRole('button', { name }).click();
      };
      await signUpToCanvas(page, 'Ada Lovelace');
      await open('Prompt');
      const add = page.getByRole('button', { name: 'Follow a reference picture' });
      const field = page.getByLabel('Reference picture file');
      if (packTasks.includes('reference')) {
        await add.click();
        await expectAccessible(page, `reference-menu-${suffix}`);
        await page.keyboard.press('Escape');
        const name = 'a camera that somebody photographed in the snow last winter.png';
        await field.setInputFiles({ name, mimeType: 'image/png', buffer: readFileSync(scenePicture) });
        await expect(page.getByRole('slider', { name: 'Reference strength' })).toBeVisible();
        await expectSaved(page);
        await expectAccessible(page, `reference-${suffix}`);
        await field.setInputFiles({ name: 'notes.png', mimeType: 'image/png', buffer: Buffer.from('notes') });
        await expect(page.getByText('Storing')).toBeHidden();
        await expectAccessible(page, `reference-problem-${suffix}`);
      } else {
        await expect(page.getByRole('textbox', { name: 'Prompt' })).toBeVisible();
        await expect(add).toBeHidden();
      }

      await page.getByRole('button', { name: /^More \d+ steps/ }).click();
      await expect(page.getByRole('radio', { name: 'Euler' })).toBeVisible();
      const fast = page.getByRole('radio', { name: 'Fast' });
      if ('denoiserInt8' in packComponents) {
        await fast.click();
        await expectSaved(page);
        await expectAccessible(page, `settings-${suffix}`);
        await page.keyboard.press('ArrowLeft', { delay: 100 });
        await expect(page.getByRole('radio', { name: 'Exact' })).toBeChecked();
      } else {
        await expect(fast).toBeHidden();
      }
      await page.getByRole('button', { name: 'More', expanded: true }).click();

      await open('Layers');
      await page.getByLabel('Picture files').last().setInputFiles(scenePicture);
      await expect(page.getByRole('treeitem', { name: 'scene-0, picture' })).toBeVisible();
      await open('Prompt');
      const edit = page.getByRole('menuitemradio', { name: /^Edit by instruction/ });
      await page.getByRole('button', { name: /^What Generate does/ }).click();
      await expect(page.getByRole('menuitemradio', { name: /^Extend/ })).toBeVisible();
      if (!packTasks.includes('edit')) {
        await expect(edit).toBeHidden();
        return;
      }
      await expectAccessible(page, `instruct-menu-${suffix}`);
      await edit.click();
      await expect(page.getByRole('slider', { name: 'Keep to the picture' })).toBeVisible();
      await page.getByRole('textbox', { name: 'Prompt' }).click();
      await page.keyboard.press('ControlOrMeta+a');
      await page.keyboard.press('Delete');
      await expectAccessible(page, `instruct-empty-${suffix}`);
      await page.keyboard.type('make the camera purple');
      await expectSaved(page);
      await expectAccessible(page, `instruct-${suffix}`);
    });
  }
}

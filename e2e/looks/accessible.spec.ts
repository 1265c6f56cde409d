import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect, test } from '../setup/browser.ts';
import { paintAcrossFrame, signUpToCanvas } from '../setup/people.ts';

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
      await expectAccessible(page, `home-${suffix}`);
      await page.goto('/people');
      await expect(page.getByRole('list', { name: 'Members' })).toBeVisible();
      await expectAccessible(page, `people-${suffix}`);
      await page.goto('/trash');
      await expectAccessible(page, `trash-${suffix}`);
      await page.goto('/nothing-here');
      await expectAccessible(page, `not-found-${suffix}`);
    });
  }
}

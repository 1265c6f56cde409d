import type { Page } from '@playwright/test';
import { expect, test } from '../setup/browser.ts';
import { expectSaved, paintAcrossFrame, signUpToCanvas } from '../setup/people.ts';

/** Opens a panel: a tab beside the canvas. */
async function openTab(page: Page, name: 'Prompt' | 'Layers' | 'History'): Promise<void> {
  await page.getByRole('tab', { name }).click();
}

/** A sketch is followed, an edge map made of what came out, and both are in the recipe. */
test('a picture follows what was scribbled, and an edge map of it is followed in turn', async ({
  person,
}) => {
  const ada = await person();
  await signUpToCanvas(ada, 'Ada Lovelace');

  await openTab(ada, 'Layers');
  await ada.getByRole('button', { name: 'New control layer' }).click();
  await expect(ada.getByRole('menuitem', { name: 'Make an edge map' })).toBeDisabled();
  await ada.getByRole('menuitem', { name: 'New scribble' }).click();
  await expect(ada.getByRole('treeitem', { name: 'Scribble, control map, scribble, 100 %' })).toBeVisible();

  await openTab(ada, 'Prompt');
  const maps = ada.getByRole('region', { name: 'Control maps' });
  await expect(maps).toContainText('nothing in the frame');
  await paintAcrossFrame(ada);
  await expect(maps.getByRole('button', { name: /^Scribble/ })).toContainText('100 %');

  await openTab(ada, 'Layers');
  const strength = ada.getByRole('slider', { name: 'Strength' });
  await strength.focus();
  await ada.keyboard.press('ArrowLeft');
  await ada.keyboard.press('ArrowLeft');
  const lastStep = ada.getByRole('slider', { name: 'Last step that follows the map' });
  await lastStep.focus();
  await ada.keyboard.press('ArrowLeft');
  await expect(
    ada.getByRole('treeitem', { name: 'Scribble, control map, scribble, 90 %, steps 0–95 %' }),
  ).toBeVisible();

  await openTab(ada, 'Prompt');
  await expectSaved(ada);
  await ada
    .getByRole('button', { name: /^Generate/ })
    .first()
    .click();
  const strip = ada.getByRole('listbox', { name: 'New pictures' });
  await expect(strip.getByRole('option')).toHaveCount(2, { timeout: 60_000 });
  await ada.getByRole('button', { name: 'Keep' }).click();

  await openTab(ada, 'Layers');
  await ada.getByRole('treeitem', { name: /, picture$/ }).click();
  await ada.getByRole('button', { name: 'New control layer' }).click();
  await ada.getByRole('menuitem', { name: 'Make an edge map' }).click();
  await expect(ada.getByRole('treeitem', { name: /^Edges of .*, control map, edges, 100 %/ })).toBeVisible();
  await openTab(ada, 'Prompt');
  await expect(maps.getByRole('listitem')).toHaveCount(2);

  await openTab(ada, 'History');
  await ada
    .getByRole('button', { name: /^Open picture/ })
    .first()
    .click();
  const recipe = ada.getByRole('dialog', { name: 'Recipe' });
  await expect(recipe).toContainText('Follows scribble');
  await expect(recipe).toContainText('90 %, steps 0–95 %');
  await expect(recipe.getByRole('region', { name: 'Where it came from' })).toContainText('Control map');
});

import type { Page } from '@playwright/test';
import { expect, test } from '../setup/browser.ts';
import { packTasks, scenePicture } from '../setup/pack.ts';
import { expectSaved, signUpToCanvas } from '../setup/people.ts';

async function openTab(page: Page, name: 'Prompt' | 'Layers' | 'History'): Promise<void> {
  await page.getByRole('tab', { name }).click();
}

async function write(page: Page, words: string): Promise<void> {
  const prompt = page.getByRole('textbox', { name: 'Prompt' });
  await prompt.click();
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.type(words);
  await expectSaved(page);
}

async function addPicture(page: Page): Promise<void> {
  await openTab(page, 'Layers');
  await page.getByLabel('Picture files').last().setInputFiles(scenePicture);
  await expect(page.getByRole('treeitem', { name: 'scene-0, picture' })).toBeVisible();
}

async function pressGenerate(page: Page, words: RegExp): Promise<void> {
  await page.getByRole('button', { name: words }).first().click();
  const strip = page.getByRole('listbox', { name: 'New pictures' });
  await expect(strip.getByRole('option')).toHaveCount(2, { timeout: 90_000 });
}

async function openRecipe(page: Page) {
  await openTab(page, 'History');
  await page
    .getByRole('button', { name: /^Open picture/ })
    .first()
    .click();
  return page.getByRole('dialog', { name: 'Recipe' });
}

test('a picture is changed by an instruction, and its recipe brings the edit back', async ({ person }) => {
  const ada = await person();
  await signUpToCanvas(ada, 'Ada Lovelace');
  const does = ada.getByRole('button', { name: /^What Generate does/ });
  const edit = ada.getByRole('menuitemradio', { name: /^Edit by instruction/ });

  await does.click();
  await expect(edit).toBeHidden();
  await ada.keyboard.press('Escape');
  await addPicture(ada);
  await openTab(ada, 'Prompt');
  await does.click();
  await expect(ada.getByRole('menuitemradio', { name: /^Extend/ })).toBeVisible();
  if (!packTasks.includes('edit')) {
    await expect(edit).toBeHidden();
    return;
  }
  await edit.click();
  await write(ada, 'make the camera purple');
  const keep = ada.getByRole('slider', { name: 'Keep to the picture' });
  await keep.focus();
  await ada.keyboard.press('ArrowRight');
  await expectSaved(ada);
  await pressGenerate(ada, /^Edit$/);

  const recipe = await openRecipe(ada);
  await expect(recipe).toContainText('Image guidance');
  await expect(recipe).toContainText('1.6');
  await expect(recipe.getByRole('region', { name: 'Where it came from' })).toContainText(
    'Edit by instruction',
  );
  await ada.keyboard.press('Escape');

  await openTab(ada, 'Prompt');
  await does.click();
  await ada.getByRole('menuitemradio', { name: /^Whatever the canvas asks for/ }).click();
  await expect(keep).toBeHidden();
  await (await openRecipe(ada)).getByRole('button', { name: 'Use settings' }).click();
  await openTab(ada, 'Prompt');
  await expect(keep).toHaveAttribute('aria-valuenow', '1.6');
});

test('a reference picture is shared, followed at its strength, and kept by the recipe', async ({
  person,
}) => {
  const ada = await person();
  await signUpToCanvas(ada, 'Ada Lovelace');
  const reference = ada.getByRole('region', { name: 'Reference picture' });
  if (!packTasks.includes('reference')) {
    await addPicture(ada);
    await ada.getByRole('treeitem', { name: 'scene-0, picture' }).click({ button: 'right' });
    await expect(ada.getByRole('menuitem', { name: 'Use as control map' })).toBeVisible();
    await expect(ada.getByRole('menuitem', { name: 'Use as reference' })).toBeHidden();
    await ada.keyboard.press('Escape');
    await openTab(ada, 'Prompt');
    await expect(reference).toBeHidden();
    return;
  }
  await ada.getByRole('button', { name: 'Follow a reference picture' }).click();
  await expect(ada.getByRole('menuitem', { name: 'Use the selected picture' })).toBeDisabled();
  await ada.keyboard.press('Escape');
  await ada.getByLabel('Reference picture file').setInputFiles(scenePicture);
  await expect(reference).toContainText('scene-0');
  const strength = reference.getByRole('slider', { name: 'Reference strength' });
  await strength.focus();
  await ada.keyboard.press('ArrowLeft');
  await ada.keyboard.press('ArrowLeft');
  await expect(strength).toHaveAttribute('aria-valuetext', '90 %');

  const second = await ada.context().newPage();
  await second.goto(ada.url());
  await expect(second.getByRole('region', { name: 'Reference picture' })).toContainText('scene-0');
  await second.close();

  await write(ada, 'a camera on a table');
  await pressGenerate(ada, /^Generate/);
  const recipe = await openRecipe(ada);
  await expect(recipe).toContainText('Follows reference');
  await expect(recipe).toContainText('90 %');
  await expect(recipe.getByRole('region', { name: 'Where it came from' })).toContainText('Reference');
  await ada.keyboard.press('Escape');

  await openTab(ada, 'Prompt');
  await reference.getByRole('button', { name: 'Remove the reference picture' }).click();
  await expect(reference).not.toContainText('scene-0');
  await (await openRecipe(ada)).getByRole('button', { name: 'Use settings' }).click();
  await openTab(ada, 'Prompt');
  await expect(strength).toHaveAttribute('aria-valuetext', '90 %');

  await addPicture(ada);
  await ada.getByRole('treeitem', { name: 'scene-0, picture' }).click({ button: 'right' });
  await ada.getByRole('menuitem', { name: 'Use as reference' }).click();
  await openTab(ada, 'Prompt');
  await expect(reference).toContainText('scene-0');
});

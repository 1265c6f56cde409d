import type { Page } from '@playwright/test';
import sharp from 'sharp';
import { expect, test } from '../setup/browser.ts';
import { scenePicture } from '../setup/pack.ts';
import { expectSaved, signUpToCanvas } from '../setup/people.ts';

const strip = (page: Page) => page.getByRole('listbox', { name: 'New pictures' });
const layers = (page: Page) => page.getByRole('treeitem', { name: 'scene-0, picture' });

async function addPicture(page: Page): Promise<void> {
  await page.getByLabel('Picture files').last().setInputFiles(scenePicture);
  await expect(layers(page)).toHaveCount(1);
  await expectSaved(page);
}

test('a picture is enlarged, lies over itself with four times the pixels a side, and is kept', async ({
  person,
}) => {
  const ada = await person();
  await signUpToCanvas(ada, 'Ada Lovelace');
  await ada.getByRole('tab', { name: 'Layers' }).click();
  await addPicture(ada);
  await layers(ada).click({ button: 'right' });
  await expect(ada.getByRole('menuitem', { name: 'Enlarge ×2' })).toBeVisible();
  await ada.getByRole('menuitem', { name: 'Enlarge ×4' }).click();
  await expect(strip(ada).getByRole('option')).toHaveCount(1, { timeout: 90_000 });
  await expect(strip(ada).getByRole('option')).toHaveAccessibleName(/asked for by Ada Lovelace: scene-0$/);

  await ada.getByRole('button', { name: 'Keep' }).click();
  await expect(layers(ada)).toHaveCount(2);
  await expect(layers(ada).first()).toHaveAttribute('aria-selected', 'true');
  await expect(strip(ada)).toBeHidden();
  await ada.keyboard.press('ControlOrMeta+z');
  await expect(layers(ada)).toHaveCount(1);
  await expect(strip(ada).getByRole('option')).toHaveCount(1);
  await ada.keyboard.press('ControlOrMeta+Shift+z');
  await expect(layers(ada)).toHaveCount(2);

  await ada.getByRole('tab', { name: 'History' }).click();
  await ada.getByRole('button', { name: /^Open picture 1 of 1: scene-0, enlarged/ }).click();
  const recipe = ada.getByRole('dialog', { name: 'Recipe' });
  await expect(recipe).toContainText('Enlarge ×4');
  await expect(recipe).toContainText('1024 × 1024');
  await expect(recipe.getByRole('region', { name: 'Where it came from' })).toContainText('Layer');
  await expect(recipe.getByRole('button', { name: 'Run again' })).toBeVisible();
  await expect(recipe.getByRole('button', { name: 'Use settings' })).toBeHidden();
  const link = await recipe.getByRole('link', { name: 'Download PNG' }).getAttribute('href');
  const file = await (await ada.request.get(link ?? '')).body();
  expect(await sharp(file).metadata()).toMatchObject({ format: 'png', width: 1_024, height: 1_024 });
});

test('on a phone, what is too large is refused with words', async ({ person }) => {
  const ada = await person({ width: 390, height: 844 });
  await signUpToCanvas(ada, 'Ada Lovelace');
  await ada.getByRole('button', { name: 'Layers' }).click();
  const large = await sharp({ create: { width: 2_000, height: 1_500, channels: 3, background: '#7a9' } })
    .png()
    .toBuffer();
  await ada
    .getByLabel('Picture files')
    .last()
    .setInputFiles({ name: 'large.png', mimeType: 'image/png', buffer: large });
  await ada.getByRole('treeitem', { name: 'large, picture' }).click();
  await expectSaved(ada);
  await ada.getByRole('button', { name: 'Enlarge ×4' }).click();
  await expect(ada.getByText('The picture is 2,000 × 1,500: enlarged ×4').first()).toBeVisible();
  await expect(ada.getByText('Enlarge it ×2, or make it smaller first.').first()).toBeVisible();
});

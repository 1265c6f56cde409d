import type { Page } from '@playwright/test';
import { expect, test } from '../setup/browser.ts';
import { expectPrompt, expectSaved, joinTeam, signUpToCanvas } from '../setup/people.ts';

/** The examples below what the team has. */
function examplesOn(page: Page) {
  return page.getByRole('region', { name: 'Start from an example' });
}

test('an example opens as a canvas with its layers, and Generate makes what it shows', async ({ person }) => {
  const ada = await person();
  await signUpToCanvas(ada, 'Ada Lovelace');
  await ada.goto('/');
  await expect(examplesOn(ada).getByRole('listitem')).toHaveCount(6);

  await examplesOn(ada)
    .getByRole('button', { name: /^Repaint a part/ })
    .click();
  await ada.waitForURL(/\/canvas\//);
  await expectSaved(ada);
  await expectPrompt(ada, 'a penguin left of a boat on a lake');
  await ada.getByRole('tab', { name: 'Layers' }).click();
  await expect(ada.getByRole('treeitem')).toHaveText([/Over the duck/, /Lake/]);
  await ada.getByRole('tab', { name: 'Prompt' }).click();
  await ada.getByRole('button', { name: /^Fill/ }).first().click();
  const strip = ada.getByRole('listbox', { name: 'New pictures' });
  await expect(strip.getByRole('option')).toHaveCount(2, { timeout: 60_000 });
  await ada.getByRole('button', { name: 'Keep' }).click();
  await ada.getByRole('tab', { name: 'Layers' }).click();
  await expect(ada.getByRole('treeitem')).toHaveCount(3);

  // The same examples are in the menu of a project, by keyboard alone.
  await ada.goto('/');
  await expect(ada.getByRole('link', { name: 'Open Repaint a part' }).locator('img')).toBeVisible();
  await ada.getByRole('button', { name: 'More for First project' }).focus();
  await ada.keyboard.press('Enter');
  await ada.getByRole('menuitem', { name: 'Start from an example' }).press('Enter');
  const dialog = ada.getByRole('dialog', { name: 'Start from an example' });
  await dialog.getByRole('button', { name: /^Change it with words/ }).press('Enter');
  await ada.waitForURL(/\/canvas\//);
  await expectPrompt(ada, 'change the background to a desert');
  await expect(ada.getByRole('button', { name: /^Edit$/ }).first()).toBeVisible();

  // Who may only look is offered nothing to make.
  await ada.getByRole('button', { name: 'Share' }).click();
  const share = ada.getByRole('dialog');
  await share.getByRole('combobox', { name: 'Invite as' }).click();
  await ada.getByRole('option', { name: 'Viewer' }).click();
  await share.getByRole('button', { name: 'Make link' }).click();
  const link = await share.getByLabel('Invitation link').inputValue();
  const grace = await person();
  await joinTeam(grace, link, 'Grace Hopper');
  await grace.waitForURL((url) => !url.pathname.startsWith('/invite'));
  await grace.goto('/');
  await expect(grace.getByRole('link', { name: 'Open Repaint a part' })).toBeVisible();
  await expect(examplesOn(grace)).toBeHidden();
  await expect(grace.getByRole('button', { name: 'More for First project' })).toBeHidden();
});

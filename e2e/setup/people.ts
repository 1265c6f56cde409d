import type { Page } from '@playwright/test';
import { expect } from './browser.ts';

let made = 0;

/** An e-mail address that nobody in this run has used. */
export function newEmail(name: string): string {
  made += 1;
  return `${name.toLowerCase()}.${Date.now()}.${made}@example.org`;
}

const password = 'a long enough password';

/** Fills the sign-up form that is on the page. */
export async function fillSignUp(page: Page, name: string): Promise<void> {
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByLabel('E-mail').fill(newEmail(name.split(' ')[0] ?? name));
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Create account' }).click();
}

/** A newcomer's first minute: account, team, and the first canvas open and saved. */
export async function signUpToCanvas(page: Page, name: string): Promise<void> {
  await page.goto('/sign-up');
  await fillSignUp(page, name);
  await page.getByRole('button', { name: 'Open the first canvas' }).click();
  await page.waitForURL(/\/canvas\//);
  await expectSaved(page);
}

export async function expectSaved(page: Page): Promise<void> {
  await expect(page.getByText('Saved', { exact: true }).first()).toBeVisible();
}

/** Waits until the prompt reads `text` on this page; the carets of other people in it do not count. */
export async function expectPrompt(page: Page, text: string): Promise<void> {
  const field = page.getByRole('textbox', { name: 'Prompt' });
  await expect
    .poll(() =>
      field.evaluate((element) => {
        const copy = element.cloneNode(true);
        if (!(copy instanceof HTMLElement)) return '';
        for (const caret of copy.querySelectorAll('.cm-ySelectionCaret')) caret.remove();
        return copy.innerText.trim();
      }),
    )
    .toBe(text);
}

/** Makes an invitation link for an editor on the canvas that `page` shows, and returns it. */
export async function inviteEditor(page: Page): Promise<string> {
  await page.getByRole('button', { name: 'Share' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Make link' }).click();
  const link = await dialog.getByLabel('Invitation link').inputValue();
  await page.keyboard.press('Escape');
  return link;
}

/** Opens an invitation link as somebody new and joins the team. */
export async function joinTeam(page: Page, link: string, name: string): Promise<void> {
  await page.goto(link);
  await page.getByRole('link', { name: 'Create an account and join' }).click();
  await fillSignUp(page, name);
  await page.getByRole('button', { name: /^Join/ }).click();
}

/** Paints one line across the frame with the brush, in page coordinates around the canvas's middle. */
export async function paintAcrossFrame(page: Page): Promise<void> {
  const stage = page.getByRole('application');
  await stage.click({ position: { x: 5, y: 5 } });
  await page.keyboard.press('b');
  const box = await stage.boundingBox();
  if (box === null) throw new Error('the canvas is not on the page');
  const middle = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  await page.mouse.move(middle.x - 60, middle.y);
  await page.mouse.down();
  for (let step = 0; step <= 12; step += 1)
    await page.mouse.move(middle.x - 60 + step * 10, middle.y + Math.sin(step) * 12);
  await page.mouse.up();
}

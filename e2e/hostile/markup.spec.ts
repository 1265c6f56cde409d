import type { Page } from '@playwright/test';
import { expect, test } from '../setup/browser.ts';
import { signUpToCanvas } from '../setup/people.ts';

/** Markup that became a program somewhere once; each would set `window.broken` or call alert. */
const payloads = [
  '<script>window.broken=1</script>',
  '<img src=x onerror="window.broken=1">',
  '"><svg onload=window.broken=1>',
  "'-(window.broken=1)-'",
  '{{constructor.constructor("window.broken=1")()}}',
  '${window.broken=1}',
  'javascript:window.broken=1',
  '</title><script>window.broken=1</script>',
  '</script><script>window.broken=1</script>',
  '<iframe srcdoc="<script>parent.broken=1</script>">',
  '<a href="javascript:window.broken=1" autofocus onfocus="window.broken=1">x</a>',
  '&lt;script&gt;window.broken=1&lt;/script&gt;',
  '\u2028</script><img src=x onerror=window.broken=1>',
];

/** Names and words that one person gives are shown to others as what they are: text. */
test('nothing that a person names becomes a program, and the policy is never broken', async ({ person }) => {
  const page = await person();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (/Content.Security.Policy|Refused to/i.test(message.text())) complaints.push(message.text());
  });
  page.on('dialog', (dialog) => {
    complaints.push(`a dialog opened: ${dialog.message()}`);
    dialog.dismiss().catch(() => undefined);
  });
  await signUpToCanvas(page, 'Mallory');
  const canvasId = page.url().split('/').at(-1) ?? '';
  const place = await call(page, 'canvases.get', { canvasId });
  const { project, team } = place;
  for (const payload of payloads) {
    await call(page, 'projects.create', { organizationId: team?.id, name: payload });
    await call(page, 'canvases.create', { projectId: project?.id, name: payload, prompt: payload });
  }
  await expectHarmless(page, '/', payloads);
  // A person, a team and a canvas have one name at a time.
  for (const payload of payloads.slice(0, 3)) {
    await call(page, 'accounts.updateName', { name: payload });
    await call(page, 'teams.rename', { organizationId: team?.id, name: payload });
    await call(page, 'canvases.rename', { canvasId, name: payload });
    await expectHarmless(page, '/people', [payload]);
    await expectHarmless(page, `/canvas/${canvasId}`, [payload]);
  }
  await page.goto(`/canvas/${canvasId}`);
  await expect(page.getByRole('textbox', { name: 'Prompt' })).toBeVisible();
  expect(await page.evaluate(() => Reflect.get(window, 'broken'))).toBeUndefined();
  expect(complaints).toEqual([]);
});

async function expectHarmless(page: Page, path: string, shown: readonly string[]): Promise<void> {
  await page.goto(path);
  for (const payload of shown)
    await expect(page.getByText(payload.trim().slice(0, 20)).first()).toBeAttached();
  expect(await page.evaluate(() => Reflect.get(window, 'broken')), path).toBeUndefined();
}

interface Place {
  readonly project?: { readonly id: string };
  readonly team?: { readonly id: string };
}

/** Calls a procedure as the page would. */
async function call(page: Page, path: string, input: object): Promise<Place> {
  const answer = await page.evaluate(
    async ([url, body]) => {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body,
      });
      return { status: response.status, text: await response.text() };
    },
    [`/api/trpc/${path}`, JSON.stringify({ json: input })] as const,
  );
  expect(answer.status, `${path}: ${answer.text}`).toBe(200);
  return JSON.parse(answer.text).result.data.json ?? {};
}

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '../setup/browser.ts';
import { choosePorts, startGesso } from '../setup/gesso-process.ts';
import {
  expectPrompt,
  expectSaved,
  inviteEditor,
  joinTeam,
  paintAcrossFrame,
  signUpToCanvas,
} from '../setup/people.ts';
import { difference, type Sample, watchFrame } from '../setup/watch-frame.ts';

/**
 * The whole way: two people, one canvas, one prompt, a mask, a picture that both watch arrive, and a power cut. It runs
 * its own Gesso, because it kills it.
 */
test('two people make a picture together and keep it through a power cut', async ({ person }) => {
  const home = await mkdtemp(join(tmpdir(), 'gesso-story-'));
  const ports = await choosePorts();
  let gesso = await startGesso(home, ports);
  try {
    const ada = await person({ baseURL: gesso.address, apart: true });
    await signUpToCanvas(ada, 'Ada Lovelace');
    const canvasUrl = ada.url();

    const grace = await person({ baseURL: gesso.address, apart: true });
    await joinTeam(grace, await inviteEditor(ada), 'Grace Hopper');
    await grace.waitForURL((url) => !url.pathname.startsWith('/invite'));
    await grace.goto(canvasUrl);
    await expectSaved(grace);
    await expect(ada.getByRole('list', { name: 'People on this canvas' }).getByRole('listitem')).toHaveCount(
      2,
    );

    // Both write the prompt; both read the same words.
    const adasPrompt = ada.getByRole('textbox', { name: 'Prompt' });
    const gracesPrompt = grace.getByRole('textbox', { name: 'Prompt' });
    await adasPrompt.click();
    await ada.keyboard.press('ControlOrMeta+a');
    await ada.keyboard.type('a blue car');
    await expectPrompt(grace, 'a blue car');
    await gracesPrompt.click();
    await grace.keyboard.press('ControlOrMeta+End');
    await grace.keyboard.type(' on a beach');
    await expectPrompt(ada, 'a blue car on a beach');

    // One picture in many steps, so that there is something to watch.
    await grace.getByRole('radio', { name: '1', exact: true }).click();
    await grace.getByRole('button', { name: /^More \d/ }).click();
    await grace.getByRole('slider', { name: 'Steps' }).press('End');

    // Grace presses Generate; both see the same preview sharpen, and the picture arrive.
    const watching = { ada: await watchFrame(ada), grace: await watchFrame(grace) };
    await grace
      .getByRole('button', { name: /^Generate/ })
      .first()
      .click();
    const adasStrip = ada.getByRole('listbox', { name: 'New pictures' });
    const gracesStrip = grace.getByRole('listbox', { name: 'New pictures' });
    await expect(gracesStrip.getByRole('option')).toHaveCount(1);
    await expect(adasStrip.getByRole('option')).toHaveCount(1);
    await ada.waitForTimeout(1_000);
    const seen = { ada: await watching.ada.stop(), grace: await watching.grace.stop() };
    for (const samples of [seen.ada, seen.grace]) expectSharpening(samples);
    const shared = seen.ada.filter((mine) => seen.grace.some((theirs) => difference(mine, theirs) < 3));
    expect(shared.length).toBeGreaterThanOrEqual(4);

    // Ada keeps the first; it is a layer for both.
    await ada.getByRole('button', { name: 'Keep' }).click();
    await grace.getByRole('tab', { name: 'Layers' }).click();
    await expect(grace.getByRole('treeitem')).toHaveCount(1);

    // Grace paints a mask over the picture; the button now says Fill, for both.
    await paintAcrossFrame(grace);
    await expect(grace.getByRole('treeitem')).toHaveCount(2);
    await expect(ada.getByRole('button', { name: /^Fill/ }).first()).toBeVisible();
    await ada.getByRole('button', { name: /^Fill/ }).first().click();
    await expect(gracesStrip.getByRole('option')).toHaveCount(1);
    await expectSaved(ada);
    await expectSaved(grace);

    await grace.screenshot({ path: '.cache/looks/together.png' });

    await gesso.cutPower();
    gesso = await startGesso(home, ports);

    // A browser that knows nothing finds everything.
    await grace.goto(canvasUrl);
    await expectSaved(grace);
    await expectPrompt(grace, 'a blue car on a beach');
    await expect(gracesStrip.getByRole('option')).toHaveCount(1);
    await grace.getByRole('tab', { name: 'Layers' }).click();
    await expect(grace.getByRole('treeitem')).toHaveCount(2);
    await grace.getByRole('tab', { name: 'History' }).click();
    await expect(grace.getByRole('button', { name: /^Open picture/ })).toHaveCount(2);
  } finally {
    await gesso.stop();
    await rm(home, { recursive: true, force: true });
  }
});

/** The empty frame, then two previews or more, of which the last is nearer to the finished picture than the first. */
function expectSharpening(samples: readonly Sample[]): void {
  const [, first] = samples;
  const [last, finished] = samples.slice(-2);
  expect(samples.length).toBeGreaterThanOrEqual(4);
  if (first === undefined || last === undefined || finished === undefined)
    throw new Error('nothing was shown');
  expect(difference(last, finished)).toBeLessThan(difference(first, finished));
}

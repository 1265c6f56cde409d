import { readFileSync } from 'node:fs';
import {
  test as base,
  type Browser,
  type BrowserContext,
  chromium,
  expect,
  type Page,
} from '@playwright/test';
import sparticuz from '@sparticuz/chromium';
import { addressFile } from './start-gesso.ts';

const quiet = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * A real Chromium: on Linux x64 the one that npm brought (no download, runs as root), so that everybody sees the same
 * pixels; elsewhere the one that is installed.
 */
export async function launchBrowser(): Promise<Browser> {
  if (process.platform === 'linux' && process.arch === 'x64') {
    return chromium.launch({
      executablePath: await sparticuz.executablePath(),
      args: quiet,
    });
  }
  return chromium.launch({ channel: 'chrome', args: quiet });
}

interface PersonOptions {
  readonly width?: number;
  readonly height?: number;
  readonly colorScheme?: 'light' | 'dark';
  /** Another Gesso than the run's own. */
  readonly baseURL?: string;
  /** A browser process of their own, not only a context: nothing is shared but the server. */
  readonly apart?: boolean;
}

interface Fixtures {
  /** Opens a browser context for another person, at the given size. Closed when the test ends. */
  readonly person: (options?: PersonOptions) => Promise<Page>;
}

export const test = base.extend<Fixtures, { readonly realBrowser: Browser }>({
  realBrowser: [
    async ({}, use) => {
      const browser = await launchBrowser();
      await use(browser);
      await browser.close();
    },
    { scope: 'worker' },
  ],
  person: async ({ realBrowser }, use) => {
    const contexts: BrowserContext[] = [];
    const browsers: Browser[] = [];
    await use(async (options = {}) => {
      const { width = 1440, height = 900, colorScheme = 'light', baseURL = gessoUrl() } = options;
      const browser = options.apart === true ? await launchBrowser() : realBrowser;
      if (browser !== realBrowser) browsers.push(browser);
      const context = await browser.newContext({
        viewport: { width, height },
        colorScheme,
        baseURL,
      });
      contexts.push(context);
      return context.newPage();
    });
    for (const context of contexts) await context.close();
    for (const browser of browsers) await browser.close();
  },
});

/** Where e2e/setup/start-gesso.ts put Gesso. */
export function gessoUrl(): string {
  return readFileSync(addressFile, 'utf8');
}

export { expect };

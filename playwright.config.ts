import { defineConfig } from '@playwright/test';

/**
 * Browser journeys against a Gesso that e2e/setup starts: built pages, a real Postgres, real websockets, the real worker
 * and house pack, in a home of its own.
 */
export default defineConfig({
  testDir: 'e2e',
  testMatch: '**/*.spec.ts',
  globalSetup: './e2e/setup/start-gesso.ts',
  outputDir: '.cache/playwright',
  fullyParallel: false,
  workers: 1,
  retries: 0,
  timeout: 300_000,
  expect: { timeout: 30_000 },
  use: { trace: 'retain-on-failure', screenshot: 'only-on-failure', locale: 'en-GB', timezoneId: 'UTC' },
});

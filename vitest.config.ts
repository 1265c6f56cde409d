import { defineConfig } from 'vitest/config';

/**
 * Three projects: `pure` needs nothing running; `node` talks to its own real Postgres, disk and sockets; `models` runs
 * onnxruntime. Browser journeys live in e2e/ and run under Playwright.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'pure',
          include: ['shared/**/*.test.ts', 'app/**/*.test.{ts,tsx}', 'workers/compose/**/*.test.ts'],
          environment: 'node',
        },
      },
      {
        test: {
          name: 'node',
          include: [
            'server/**/*.test.ts',
            'platform/**/*.test.ts',
            'workers/**/*.test.ts',
            'prisma/**/*.test.ts',
            'scripts/**/*.test.ts',
          ],
          exclude: ['workers/compose/**'],
          globalSetup: ['platform/testing/postgres-setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'models',
          include: ['models/**/*.test.ts'],
          execArgv: ['--no-js-float16array'],
          pool: 'forks',
          testTimeout: 120_000,
          maxWorkers: 2,
        },
      },
    ],
  },
});

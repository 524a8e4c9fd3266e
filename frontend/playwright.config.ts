import { existsSync } from 'node:fs';
import { defineConfig, type PlaywrightTestConfig } from '@playwright/test';

const chromium = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** Shared with the page tests: the system's browser where there is one, else Playwright's own. */
export const browser: PlaywrightTestConfig['use'] = {
  browserName: 'chromium',
  launchOptions: {
    ...(existsSync(chromium) ? { executablePath: chromium } : {}),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  },
};

/** Drives a running product, at E2E_BASE_URL. */
export default defineConfig({
  testDir: './e2e',
  testMatch: [
    'signup-to-result.spec.ts',
    'people.spec.ts',
    'tour.spec.ts',
    'reference.spec.ts',
    'watching.spec.ts',
    'conversations.spec.ts',
  ],
  workers: 1,
  timeout: 180_000,
  expect: { timeout: 45_000 },
  reporter: 'list',
  use: {
    ...browser,
    baseURL: process.env.E2E_BASE_URL ?? 'http://127.0.0.1:8000',
    trace: 'retain-on-failure',
  },
});

import { defineConfig } from '@playwright/test';
import { browser } from './playwright.config';

const address = 'http://127.0.0.1:4174';

/** Looks at every page of the built dashboard (`npm run build`) on the fake API. */
export default defineConfig({
  testDir: './e2e',
  testMatch: 'pages.spec.ts',
  workers: 1,
  timeout: 120_000,
  globalTimeout: 600_000,
  expect: { timeout: 10_000 },
  reporter: 'list',
  use: { ...browser, baseURL: address, actionTimeout: 10_000, trace: 'retain-on-failure' },
  webServer: {
    command: 'node node_modules/vite/bin/vite.js preview --mode fake --host 127.0.0.1 --strictPort',
    url: address,
    reuseExistingServer: false,
  },
});

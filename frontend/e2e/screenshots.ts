import { join } from 'node:path';
import type { Page } from '@playwright/test';

const folder = process.env.E2E_SCREENSHOTS ?? 'test-results/screenshots';

/** Keeps a picture of the whole page under the name. */
export async function picture(page: Page, name: string): Promise<void> {
  await page.screenshot({
    path: join(folder, `${name}.png`),
    fullPage: true,
    animations: 'disabled',
  });
}

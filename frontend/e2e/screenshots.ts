import { join } from 'node:path';
import type { Page } from '@playwright/test';

const folder = process.env.E2E_SCREENSHOTS ?? 'test-results/screenshots';

/** Keeps a picture of the whole page under the name. */
export async function picture(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: pathOf(name), fullPage: true, animations: 'disabled' });
}

/** Keeps a picture of what the window shows, for pages without end. */
export async function pictureOfWindow(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: pathOf(name), animations: 'disabled' });
}

const pathOf = (name: string) => join(folder, `${name}.png`);

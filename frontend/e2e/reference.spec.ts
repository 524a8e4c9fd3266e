/** The API's own reference pages: they show the document, load nothing from elsewhere, and work. */
import { expect, type Page, test } from '@playwright/test';
import { watch } from './checks';
import { createOrganisation } from './organisation';
import { pictureOfWindow } from './screenshots';

/** Addresses outside the product that the page asks for. */
function watchStrangers(page: Page, home: string): string[] {
  const strangers: string[] = [];
  page.on('request', (request) => {
    const url = request.url();
    if (/^https?:/.test(url) && new URL(url).origin !== new URL(home).origin) strangers.push(url);
  });
  return strangers;
}

test('Swagger UI tries operations out with a bearer token', async ({ page, request, baseURL }) => {
  const faults = watch(page);
  const strangers = watchStrangers(page, baseURL ?? '');
  const { owner, password, name } = await createOrganisation(request);
  const answer = await request.post('/api/v1/auth/login', { data: { email: owner, password } });
  const { access_token } = await answer.json();

  await page.goto('/docs');
  await expect(page.getByRole('heading', { name: 'AgentCores' })).toBeVisible();
  await pictureOfWindow(page, 'reference/docs');

  await page.getByRole('button', { name: 'Authorize' }).first().click();
  await page.getByLabel('auth-bearer-value').fill(access_token);
  await page.getByLabel('Apply credentials').click();
  await page.getByRole('button', { name: 'Close' }).click();
  const operation = page.locator('#operations-tenants-get_tenant');
  await operation.getByRole('button').first().click();
  await operation.getByRole('button', { name: 'Execute' }).click();
  await expect(operation.locator('.live-responses-table')).toContainText(name);
  await operation.scrollIntoViewIfNeeded();
  await pictureOfWindow(page, 'reference/docs-tried');
  expect(faults).toEqual([]);
  expect(strangers).toEqual([]);
});

test('Redoc shows every operation', async ({ page, baseURL }) => {
  const faults = watch(page);
  const strangers = watchStrangers(page, baseURL ?? '');
  await page.goto('/redoc');
  await expect(page.getByRole('heading', { level: 1, name: 'AgentCores' })).toBeVisible();
  await expect(page.getByRole('heading', { name: 'Execute a task' })).toBeAttached();
  await pictureOfWindow(page, 'reference/redoc');
  expect(faults).toEqual([]);
  expect(strangers).toEqual([]);
});

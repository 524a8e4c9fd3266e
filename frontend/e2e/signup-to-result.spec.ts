/** From nothing to a finished task, on the running product. */
import { expect, test } from '@playwright/test';
import type { components } from '../src/api/generated';
import { Rest } from './organisation';
import { picture } from './screenshots';

test('an organisation is created and its agent finishes a task', async ({ page, request }) => {
  const mark = Date.now().toString(36);
  const organisation = `Lighthouse ${mark}`;
  const email = `mina-${mark}@lighthouse.example`;
  const password = `a long harbour walk ${mark}`;

  await page.goto('/create-tenant');
  await page.getByLabel('Organisation name').fill(organisation);
  await expect(page.getByLabel('Subdomain')).toHaveValue(`lighthouse-${mark}`);
  await page.getByLabel('Your name').fill('Mina Castellanos');
  await page.getByLabel('Your email').fill(email);
  await picture(page, 'signup/1-organisation');
  await page.getByRole('button', { name: 'Continue' }).click();

  await expect(page.getByRole('heading', { name: 'Register as the owner' })).toBeVisible();
  await expect(page.getByLabel('Email')).toHaveValue(email);
  await expect(page.getByLabel('Your name')).toHaveValue('Mina Castellanos');
  await page.getByLabel('Password').fill(password);
  await picture(page, 'signup/2-owner');
  await page.getByRole('button', { name: 'Register' }).click();

  await expect(page.getByText('You are registered.')).toBeVisible();
  await expect(page.getByLabel('Email')).toHaveValue(email);
  await page.getByLabel('Password').fill(password);
  await picture(page, 'signup/3-sign-in');
  await page.getByRole('button', { name: 'Sign in' }).click();

  await expect(page.getByRole('heading', { level: 1, name: 'Overview' })).toBeVisible();
  await expect(page.getByRole('status', { name: 'Live updates: Live' })).toBeVisible();
  await expect(page.getByText('First steps')).toBeVisible();
  await picture(page, 'signup/4-overview');

  await page.getByRole('link', { name: 'Create an agent' }).click();
  await page.getByRole('button', { name: 'New agent' }).first().click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('Parrot');
  await dialog.getByLabel('Description').fill('Answers with what it is given.');
  await dialog.getByRole('combobox', { name: 'Type' }).fill('echo');
  await dialog.getByRole('button', { name: 'Create agent' }).click();

  await expect(page.getByRole('heading', { level: 1, name: 'Parrot' })).toBeVisible();
  const agentAddress = page.url();
  await page.getByRole('button', { name: 'Start Parrot' }).click();
  await expect(page.getByRole('button', { name: 'Stop Parrot' })).toBeVisible();
  await picture(page, 'signup/5-agent');

  await page.getByRole('button', { name: 'New task' }).click();
  await dialog.getByLabel('Name').fill('Say it back');
  await dialog.getByLabel('Input', { exact: true }).fill('The tide is turning');
  await picture(page, 'signup/6-task');
  await dialog.getByRole('button', { name: 'Create and execute' }).click();

  await expect(page.getByRole('heading', { level: 1, name: 'Say it back' })).toBeVisible();
  // No reload from here on: the result arrives by the live stream.
  let loads = 0;
  page.on('load', () => {
    loads += 1;
  });
  const result = page.getByRole('region', { name: 'Result' });
  await expect(result.getByText('The tide is turning').first()).toBeVisible({ timeout: 30_000 });
  await expect(page.getByText('Completed', { exact: true })).toBeVisible();
  await picture(page, 'signup/7-result');

  const navigation = page.getByRole('navigation', { name: 'Main' });
  await navigation.getByRole('link', { name: 'Tasks' }).click();
  await expect(page.getByRole('row')).toHaveCount(2);
  // Another program's doing, which only the stream can tell this page.
  const rest = await new Rest(request).signIn(email, password);
  const [agent_id] = /[0-9a-f-]{36}/.exec(agentAddress) ?? [''];
  const input_data = { prompt: 'From elsewhere' };
  const body = { name: 'Asked by a program', agent_id, input_data };
  const { id } = await rest.post<components['schemas']['Task']>('/tasks', body);
  await rest.post(`/tasks/${id}/execute`);
  const row = page.getByRole('row').filter({ hasText: 'Asked by a program' });
  await expect(row.getByText('Completed', { exact: true })).toBeVisible();
  await row.getByRole('link', { name: 'Asked by a program' }).click();
  await expect(result.getByText('From elsewhere').first()).toBeVisible();
  expect(loads).toBe(0);

  await navigation.getByRole('link', { name: 'Audit' }).click();
  const events = page.getByRole('list', { name: 'Events' });
  for (const type of ['task.completed', 'task.created', 'agent.started', 'tenant.created']) {
    await expect(events.getByText(type).first()).toBeVisible();
  }
  await events.getByRole('button').filter({ hasText: 'agent.created' }).click();
  await expect(events.getByText('Parrot').first()).toBeVisible();
  await picture(page, 'signup/8-audit');

  await navigation.getByRole('link', { name: 'Settings' }).click();
  await page.getByRole('link', { name: 'Plan and usage' }).click();
  const used = (name: string) => page.getByRole('meter', { name });
  await expect(used('Agents')).toHaveAttribute('aria-valuenow', '1');
  await expect(used('Tasks this month')).toHaveAttribute('aria-valuenow', '2');
  await picture(page, 'signup/9-usage');

  await page.reload();
  await expect(page.getByRole('heading', { level: 1, name: 'Settings' })).toBeVisible();
  await page.getByRole('button', { name: 'Account of Mina Castellanos' }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Sign in' })).toBeVisible();
  await page.goto('/agents');
  await expect(page.getByRole('heading', { level: 1, name: 'Sign in' })).toBeVisible();
});

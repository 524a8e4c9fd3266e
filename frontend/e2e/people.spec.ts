/** Sessions and passwords on the running product, each person in a browser of their own. */
import { type Browser, expect, type Page, test } from '@playwright/test';
import { createOrganisation, type Organisation } from './organisation';
import { picture } from './screenshots';
import { signIn } from './signIn';

const PASSWORD = 'eleven lamps by the sea';

/** A page of someone who shares nothing with the others. */
async function newcomer(browser: Browser): Promise<Page> {
  return (await browser.newContext()).newPage();
}

// Several people and pages each; their waits are for conditions, so only a hang takes this long.
test.describe.configure({ timeout: 240_000 });

let organisation: Organisation;

test.beforeEach(async ({ request }) => {
  organisation = await createOrganisation(request);
});

test('a session ended elsewhere is over here within seconds, and nothing of it is left for scripts', async ({
  page,
  browser,
}) => {
  await signIn(page, organisation.owner, organisation.password);
  const elsewhere = await newcomer(browser);
  await signIn(elsewhere, organisation.owner, organisation.password);
  const held = await elsewhere.evaluate(() => ({
    cookies: document.cookie,
    session: sessionStorage.length,
    local: Object.keys(localStorage).filter((key) => !key.startsWith('agentcores.theme')),
  }));
  expect(held).toEqual({ cookies: '', session: 0, local: [] });
  const [cookie] = await elsewhere.context().cookies();
  expect(cookie).toMatchObject({
    name: '__Host-agentcores-refresh',
    httpOnly: true,
    secure: true,
    sameSite: 'Strict',
    path: '/',
  });
  // The cookie alone carries the session over a reload.
  await elsewhere.reload();
  await expect(elsewhere.getByRole('heading', { level: 1, name: 'Overview' })).toBeVisible();

  await page.goto('/account');
  await page.getByRole('button', { name: 'End all others' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'End them' }).click();
  await expect(page.getByText('You are signed in here alone')).toBeVisible();
  // The stream that the other page follows ends, and it learns why.
  await expect(elsewhere.getByText('Your session ended.')).toBeVisible();
  await picture(page, 'people/sessions');
});

test('tabs of one browser share a session, and its end', async ({ page, context }) => {
  await signIn(page, organisation.owner, organisation.password);
  const tabs = [await context.newPage(), await context.newPage()];
  // Many reloads at once race for the one cookie, and nobody is thrown out.
  for (let round = 0; round < 2; round += 1) {
    await Promise.all([page, ...tabs].map((tab) => tab.goto('/agents')));
    for (const tab of [page, ...tabs]) {
      await expect(tab.getByRole('heading', { level: 1, name: 'Agents' })).toBeVisible();
    }
  }
  await page.getByRole('button', { name: 'Account of Ada Moreau' }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  for (const tab of [page, ...tabs]) {
    await expect(tab.getByRole('heading', { level: 1, name: 'Sign in' })).toBeVisible();
  }
});

test('a password is changed, and the old one is none any more', async ({ page }) => {
  await signIn(page, organisation.member, organisation.password);
  await page.goto('/account?tab=password');
  await page.getByLabel('Present password').fill(organisation.password);
  await page.getByLabel('New password').fill('passwordpassword');
  await page.getByRole('button', { name: 'Change password' }).click();
  await expect(page.getByLabel('New password')).toHaveAttribute('aria-invalid', 'true');
  await picture(page, 'people/password-refused');
  await page.getByLabel('New password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Change password' }).click();
  await expect(page.getByText('Your new password is in force')).toBeVisible();
  await page.getByRole('button', { name: 'Account of Grace Okafor' }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.getByLabel('Email').fill(organisation.member);
  await page.getByLabel('Password').fill(organisation.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('alert').first()).toBeVisible();
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Overview' })).toBeVisible();
});

test('an auditor comes in by an invitation, sees the log and the keys, and is offered no change', async ({
  page,
  browser,
}) => {
  await signIn(page, organisation.owner, organisation.password);
  await page.goto('/team');
  await page.getByRole('button', { name: 'Invite' }).click();
  const dialog = page.getByRole('dialog');
  const email = organisation.owner.replace('ada-', 'iris-');
  await dialog.getByRole('textbox', { name: 'Email' }).fill(email);
  await dialog.getByRole('textbox', { name: 'Name' }).fill('Iris Lindqvist');
  await dialog.getByRole('combobox', { name: 'Role' }).click();
  await page.getByRole('option', { name: 'Auditor' }).click();
  await dialog.getByRole('button', { name: 'Invite' }).click();
  const link = await page.getByRole('textbox', { name: 'Invitation link' }).inputValue();
  await page.getByRole('button', { name: 'Done' }).click();

  const auditor = await newcomer(browser);
  await auditor.goto(link);
  await expect(auditor.getByText(/You are invited as an auditor/)).toBeVisible();
  await expect(auditor.getByRole('textbox', { name: 'Your name' })).toHaveValue('Iris Lindqvist');
  await auditor.getByLabel('Password').fill(PASSWORD);
  await auditor.getByRole('button', { name: 'Register' }).click();
  await expect(auditor.getByRole('heading', { level: 1, name: 'Sign in' })).toBeVisible();
  await auditor.getByLabel('Password').fill(PASSWORD);
  await auditor.getByRole('button', { name: 'Sign in' }).click();
  await expect(auditor.getByRole('heading', { level: 1, name: 'Overview' })).toBeVisible();

  // What changes something stays in sight, and is not to be pressed.
  for (const [path, button] of [
    ['/agents', 'New agent'],
    ['/tasks', 'New task'],
    ['/team', 'Invite'],
    ['/keys', 'New API key'],
  ] as const) {
    await auditor.goto(path);
    await expect(auditor.getByRole('button', { name: button })).toHaveAttribute(
      'aria-disabled',
      'true',
    );
  }
  await expect(auditor.getByText('Nightly import')).toBeVisible();
  await auditor.goto('/audit');
  await expect(auditor.getByText('Iris Lindqvist').first()).toBeVisible();
  await picture(auditor, 'people/auditor');

  // The link was for once.
  const late = await newcomer(browser);
  await late.goto(link);
  await expect(late.getByText('This invitation is no longer open')).toBeVisible();
});

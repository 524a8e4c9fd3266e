/** Every page of the running product, in both themes, narrow and wide, with data of its own. */
import { expect, test } from '@playwright/test';
import { check, looks, publicPages, watch } from './checks';
import { createOrganisation, type Organisation } from './organisation';
import { signIn } from './signIn';

let organisation: Organisation;

test.beforeAll(async ({ playwright }, { project }) => {
  const request = await playwright.request.newContext({ baseURL: project.use.baseURL ?? '' });
  organisation = await createOrganisation(request);
  await request.dispose();
});

for (const look of looks) {
  test.describe(look.name, () => {
    test.use({ colorScheme: look.theme, viewport: { width: look.width, height: look.height } });

    test('pages before signing in', async ({ page }) => {
      const faults = watch(page);
      for (const { name, path, heading } of publicPages) {
        await page.goto(path);
        await expect(page.getByRole('heading', { level: 1, name: heading })).toBeVisible();
        await check(page, look.name, name);
      }
      expect(faults).toEqual([]);
    });

    test('pages after signing in', async ({ page }) => {
      const faults = watch(page);
      const { agents, tasks, owner } = organisation;
      await signIn(page, owner, organisation.password);
      for (const [name, path, shows] of [
        ['overview', '/', 'Ada Moreau signed in'],
        ['agents', '/agents', 'Press monitor'],
        ['agent', `/agents/${agents.scout.id}`, 'Weekly digest'],
        ['tasks', '/tasks', 'October invoices'],
        ['task-completed', `/tasks/${tasks.completed.id}`, 'completed a task'],
        ['task-cancelled', `/tasks/${tasks.cancelled.id}`, 'There is no result'],
        ['schedules', '/schedules', 'Morning report'],
        ['approvals', '/approvals', 'mail.northwind.example'],
        ['usage', '/usage', 'Budget'],
        ['audit', '/audit', 'task.created'],
        ['team', '/team', 'Noor Haddad'],
        ['settings', '/settings', 'Save organisation'],
        ['settings-plan', '/settings?tab=plan', 'Change to Basic'],
        ['settings-json', '/settings?tab=settings', 'Save settings'],
        ['team-invitations', '/team?tab=invitations', 'Noor Haddad'],
        ['team-roles', '/team?tab=roles', 'read_audit'],
        ['keys', '/keys', 'Nightly import'],
        ['keys-providers', '/keys?tab=providers', '…3c4d'],
        ['account-sessions', '/account', 'This one'],
        ['account-password', '/account?tab=password', 'Present password'],
        ['account-profile', '/account?tab=profile', 'Save profile'],
        ['not-found', '/nowhere', 'There is no page at this address'],
        ['no-such-agent', '/agents/nobody', 'It may have been deleted'],
      ] as const) {
        await page.goto(path);
        await expect(page.getByText(shows).first()).toBeVisible();
        await expect(
          page.getByRole('status', { name: 'Live updates: Live' }).first(),
        ).toBeAttached();
        await check(page, look.name, name);
      }
      expect(faults).toEqual([]);
    });

    test('dialogs and refusals', async ({ page }) => {
      const faults = watch(page);
      await signIn(page, organisation.owner, organisation.password);
      const dialog = page.getByRole('dialog');

      await page.goto('/agents');
      await page.getByRole('button', { name: 'New agent' }).first().click();
      await dialog.getByLabel('Name').fill(' ');
      await dialog.getByRole('combobox', { name: 'Type' }).fill('parrot');
      await dialog.getByRole('button', { name: 'Create agent' }).click();
      await expect(dialog.getByText('Must not be blank.')).toBeVisible();
      await expect(dialog.getByText('Must be gpt-4, claude, custom,')).toBeVisible();
      await check(page, look.name, 'agent-refused');
      await dialog.getByRole('button', { name: 'Cancel' }).click();

      await page.goto('/tasks');
      await page.getByRole('button', { name: 'New task' }).first().click();
      await dialog.getByText('More options').click();
      await check(page, look.name, 'task-create');
      await dialog.getByRole('button', { name: 'Cancel' }).click();

      await page.goto('/team');
      await page.getByRole('button', { name: 'Invite' }).click();
      await dialog.getByLabel('Email').fill(organisation.member);
      await dialog.getByRole('button', { name: 'Invite' }).click();
      await expect(dialog.getByText('This email belongs to someone')).toBeVisible();
      await check(page, look.name, 'invite-refused');
      await dialog.getByRole('button', { name: 'Cancel' }).click();

      await page.goto('/keys');
      await page.getByRole('button', { name: 'New API key' }).click();
      await expect(dialog.getByText('manage_tasks')).toBeVisible();
      await check(page, look.name, 'key-create');
      await dialog.getByRole('textbox', { name: 'Name' }).fill('Deploy robot');
      await dialog.getByRole('checkbox', { name: /create_tasks/ }).check();
      await dialog.getByRole('button', { name: 'Create key' }).click();
      await expect(dialog.getByRole('textbox', { name: 'API key' })).toHaveValue(
        /^ac_live_[0-9A-Za-z]{36}$/,
      );
      await check(page, look.name, 'key-shown');
      await dialog.getByRole('button', { name: 'I have copied it' }).click();

      await page.goto('/audit');
      await page.getByRole('listitem').getByRole('button').first().click();
      await expect(page.getByText('Leaf hash')).toBeVisible();
      await check(page, look.name, 'audit-open');
      expect(faults).toEqual([]);
    });

    test('a member is told what the role does not include', async ({ page }) => {
      await signIn(page, organisation.member, organisation.password);
      await page.goto('/audit');
      await expect(page.getByText('Your role does not include this')).toBeVisible();
      await check(page, look.name, 'audit-of-a-member');
    });
  });
}

/** Every page in both themes, narrow and wide: it shows, it fits, and it is accessible. */

import { expect, type Page, test } from '@playwright/test';
import { check, expectAccessible, looks, publicPages, watch } from './checks';
import { picture } from './screenshots';
import { signIn } from './signIn';

const pages = [
  { name: 'overview', path: '/', shows: 'Recent activity' },
  { name: 'agents', path: '/agents', shows: 'Press monitor' },
  { name: 'tasks', path: '/tasks', shows: 'Weekly digest' },
  { name: 'approvals', path: '/approvals', shows: 'http_request' },
  { name: 'usage', path: '/usage', shows: 'Cost by day' },
  { name: 'usage-agents', path: '/usage?by=agent', shows: 'Scout' },
  { name: 'usage-models', path: '/usage?by=model', shows: 'claude' },
  { name: 'schedules', path: '/schedules', shows: 'Morning report' },
  { name: 'audit', path: '/audit', shows: 'task.created' },
  { name: 'team', path: '/team', shows: 'Noor Haddad' },
  { name: 'settings', path: '/settings', shows: 'Save organisation' },
  { name: 'settings-plan', path: '/settings?tab=plan', shows: 'Change to Basic' },
  { name: 'settings-json', path: '/settings?tab=settings', shows: 'Save settings' },
  { name: 'team-invitations', path: '/team?tab=invitations', shows: 'Send anew' },
  { name: 'team-roles', path: '/team?tab=roles', shows: 'read_audit' },
  { name: 'keys', path: '/keys', shows: 'Nightly import' },
  { name: 'keys-providers', path: '/keys?tab=providers', shows: '…3c4d' },
  { name: 'account-sessions', path: '/account', shows: 'End all others' },
  { name: 'account-password', path: '/account?tab=password', shows: 'Present password' },
  { name: 'account-profile', path: '/account?tab=profile', shows: 'Save profile' },
  { name: 'not-found', path: '/nowhere', shows: 'There is no page at this address' },
];

function enter(page: Page, email = 'ada@northwind.example'): Promise<void> {
  return signIn(page, email, 'correct horse battery');
}

for (const look of looks) {
  test.describe(look.name, () => {
    test.use({
      colorScheme: look.theme,
      viewport: { width: look.width, height: look.height },
    });

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
      await enter(page);
      for (const { name, path, shows } of pages) {
        await page.goto(path);
        await expect(page.getByText(shows).first()).toBeVisible();
        await expect(
          page.getByRole('status', { name: 'Live updates: Live' }).first(),
        ).toBeAttached();
        await check(page, look.name, name);
      }
      expect(faults).toEqual([]);
    });

    test('details and dialogs', async ({ page }) => {
      const faults = watch(page);
      await enter(page);

      await page.goto('/agents');
      await page.getByRole('link', { name: 'Scout' }).click();
      await expect(page.getByText('Configuration')).toBeVisible();
      await expect(page.getByRole('link', { name: 'Weekly digest' })).toBeVisible();
      await check(page, look.name, 'agent');

      await page.getByRole('button', { name: 'Edit' }).click();
      await check(page, look.name, 'agent-edit');
      await page.getByRole('button', { name: 'Cancel' }).click();

      await page.getByRole('button', { name: 'Pause and cancel' }).click();
      await check(page, look.name, 'agent-pause');
      await page.getByRole('button', { name: 'Keep it' }).click();

      await page.getByRole('link', { name: 'Talk' }).click();
      await expect(page.getByText('Each answer knows what was said before it.')).toBeVisible();
      await check(page, look.name, 'conversation-new');
      await page.getByRole('link', { name: 'Which of the papers should I read first?' }).click();
      await expect(page.getByText('section 4 can wait.')).toBeVisible();
      await check(page, look.name, 'conversation');

      await page.goto('/tasks');
      await page.getByRole('link', { name: 'Summarise the attention survey' }).click();
      await expect(page.getByText('Long documents profit most.').first()).toBeVisible();
      await expect(page.getByRole('list', { name: 'History' })).toBeVisible();
      await check(page, look.name, 'task');

      await page.goto('/tasks');
      await page.getByRole('button', { name: 'New task' }).first().click();
      await page.getByText('More options').click();
      await check(page, look.name, 'task-create');
      await page.getByRole('button', { name: 'Cancel' }).click();

      await page.goto('/audit');
      await page.getByRole('listitem').getByRole('button').first().click();
      await expect(page.getByText('Leaf hash')).toBeVisible();
      await check(page, look.name, 'audit-open');

      await page.goto('/team');
      await page.getByRole('button', { name: 'Invite' }).click();
      await check(page, look.name, 'invite');
      await page.getByRole('button', { name: 'Cancel' }).click();

      await page.goto('/keys');
      await page.getByRole('button', { name: 'New API key' }).click();
      await page.getByLabel('Only some agents').click();
      await page.getByRole('combobox', { name: 'Agents' }).click();
      await page.getByRole('option', { name: 'Scout' }).click();
      // Closes the list of agents.
      await page.keyboard.press('Escape');
      await check(page, look.name, 'key-create');
      await page.getByRole('button', { name: 'Cancel' }).click();

      if (look.width < 900) {
        await page.getByRole('button', { name: 'Open navigation' }).click();
        await expect(page.getByRole('link', { name: 'Team' })).toBeVisible();
        await check(page, look.name, 'navigation');
      }
      expect(faults).toEqual([]);
    });

    test('a stop of all work, an approval and a budget', async ({ page }) => {
      const faults = watch(page);
      await enter(page);
      const dialog = page.getByRole('dialog');
      await page.getByRole('button', { name: 'Stop all work' }).click();
      await dialog.getByLabel('Why').fill('Mails go to the wrong customers');
      await expect(dialog.getByText('Running right now: 1')).toBeVisible();
      await check(page, look.name, 'stop-all');
      await dialog.getByRole('button', { name: 'Stop all work' }).click();
      await expect(dialog.getByText('Cut off: 1')).toBeVisible();
      await check(page, look.name, 'stopped');
      await dialog.getByRole('button', { name: 'Close' }).click();
      await page.goto('/tasks');
      await expect(page.getByText('All work is stopped since')).toBeVisible();
      await check(page, look.name, 'stopped-banner');
      await page.getByRole('button', { name: 'Let it go on' }).click();
      await expect(page.getByText('All work is stopped since')).toBeHidden();

      await page.goto('/approvals');
      await page.getByRole('button', { name: /^Approve http_request/ }).click();
      await check(page, look.name, 'approve');
      await dialog.getByRole('button', { name: 'Cancel' }).click();

      await page.goto('/usage');
      await page.getByRole('button', { name: 'Set budget' }).click();
      await dialog.getByLabel('US dollars a month').fill('0.05');
      await check(page, look.name, 'budget-set');
      await dialog.getByRole('button', { name: 'Save' }).click();
      await expect(page.getByRole('meter', { name: 'Budget' })).toBeVisible();
      await check(page, look.name, 'budget');
      expect(faults).toEqual([]);
    });

    test('loading, failed and refused', async ({ page }) => {
      await enter(page);
      await page.route('**/api/v1/agents?*', () => new Promise(() => {}));
      await page.goto('/agents');
      await expect(page.getByRole('status', { name: 'Loading' })).toBeVisible();
      await picture(page, `${look.name}/state-loading`);
      await page.unroute('**/api/v1/agents?*');
      await page.goto('/agents?q=unreadable');
      await expect(page.getByText('This did not load')).toBeVisible();
      await picture(page, `${look.name}/state-failed`);
      await page.goto('/agents?q=nothing-like-this');
      await expect(page.getByText('No agent matches')).toBeVisible();
      await picture(page, `${look.name}/state-empty`);
      await page.goto('/agents/0198c0de-0000-7000-8000-ffffffffffff');
      await expect(page.getByText('Not found')).toBeVisible();
      await picture(page, `${look.name}/state-not-found`);
    });

    test('a member is told what the role does not include', async ({ page }) => {
      await enter(page, 'grace@northwind.example');
      await page.goto('/audit');
      await expect(page.getByText('Your role does not include this')).toBeVisible();
      await picture(page, `${look.name}/state-refused`);
      await page.goto('/team');
      const invite = page.getByRole('button', { name: 'Invite' });
      await expect(invite).toHaveAttribute('aria-disabled', 'true');
      await invite.hover();
      await expect(page.getByRole('tooltip')).toHaveText('Only an admin or the owner can do this.');
      await expectAccessible(page, 'team of a member');
    });
  });
}

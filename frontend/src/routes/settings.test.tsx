import { screen, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import { open } from '@/testing/render';
import { fake } from '@/testing/server';

test('the organisation is renamed, twice in a row', async () => {
  const { user } = await open('/settings');
  const name = await screen.findByLabelText(/Organisation name/);
  for (const next of ['Northwind Labs', 'Northwind Works']) {
    await user.clear(name);
    await user.type(name, next);
    await user.click(screen.getByRole('button', { name: 'Save organisation' }));
    const side = screen.getByRole('complementary');
    expect(await within(side).findByText(next)).toBeVisible();
  }
  expect(fake.db.tenants[0]?.name).toBe('Northwind Works');
});

test('what is typed stays when someone else changes the organisation, and saving is refused', async () => {
  const { user } = await open('/settings');
  const name = await screen.findByLabelText(/Organisation name/);
  await user.type(name, ' Ltd');
  const [tenant] = fake.db.tenants;
  if (tenant === undefined) throw new Error('the seed has an organisation');
  tenant.version += 1;
  await user.click(screen.getByRole('button', { name: 'Save organisation' }));
  expect(await screen.findByText(/Someone changed this while you were editing/)).toBeVisible();
  expect(name).toHaveValue('Northwind Research Ltd');
});

test('settings are saved as JSON', async () => {
  const { user } = await open('/settings?tab=settings');
  const field = await screen.findByLabelText('Settings (JSON)');
  await user.clear(field);
  await user.click(field);
  await user.paste('{"locale": "sv-SE"}');
  await user.click(screen.getByRole('button', { name: 'Save settings' }));
  expect(await screen.findByText('Settings saved')).toBeVisible();
  expect(fake.db.tenants[0]?.settings).toEqual({ locale: 'sv-SE' });
});

test('the plan is changed after a question', async () => {
  const { user } = await open('/settings?tab=plan');
  await user.click(await screen.findByRole('button', { name: 'Change to Basic' }));
  const dialog = screen.getByRole('dialog');
  await user.click(within(dialog).getByRole('button', { name: 'Change to Basic' }));
  expect(await screen.findByText('Your plan is now Basic')).toBeVisible();
  expect(await screen.findByRole('meter', { name: 'Agents' })).toHaveAttribute(
    'aria-valuemax',
    '25',
  );
});

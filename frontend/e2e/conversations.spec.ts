/** Talking with an agent: turns that know each other, an answer that grows, and one that is cancelled. */
import { expect, test } from '@playwright/test';
import type { components } from '../src/api/generated';
import { check, looks, watch } from './checks';
import { createOrganisation, type Organisation, Rest } from './organisation';
import { signIn } from './signIn';

type Schemas = components['schemas'];

let organisation: Organisation;
let storyteller: Schemas['Agent'];

const words =
  'The harbour lay quiet under the first light. Two boats came in with the tide, and nobody asked where they had been.'.split(
    /(?<= )/,
  );

test.beforeAll(async ({ playwright }, { project }) => {
  const request = await playwright.request.newContext({ baseURL: project.use.baseURL ?? '' });
  organisation = await createOrganisation(request);
  const { owner, password } = organisation;
  const rest = await new Rest(request).signIn(owner, password);
  storyteller = await rest.post<Schemas['Agent']>('/agents', {
    name: 'Storyteller',
    agent_type: 'scripted',
    configuration: { script: [{ text: words, pause_ms: 400 }] },
  });
  await rest.post(`/agents/${storyteller.id}/start`);
  await request.dispose();
});

for (const look of looks) {
  test.describe(look.name, () => {
    test.use({ colorScheme: look.theme, viewport: { width: look.width, height: look.height } });

    test('a conversation goes on, and its answers grow', async ({ page }) => {
      const faults = watch(page);
      await signIn(page, organisation.owner, organisation.password);
      await page.goto(`/agents/${storyteller.id}`);
      await page.getByRole('link', { name: 'Talk' }).click();
      await expect(
        page.getByRole('heading', { level: 1, name: 'Talk with Storyteller' }),
      ).toBeVisible();
      await check(page, look.name, 'conversation-new');
      const message = page.getByRole('textbox', { name: 'Message' });
      await message.fill(`A story of a harbour, ${look.name}`);
      await message.press('Enter');

      const log = page.getByRole('log', { name: 'Messages' });
      const answer = log.getByRole('group', { name: 'Answer so far' });
      await expect(answer).toContainText('The harbour lay');
      await expect(page.getByRole('button', { name: 'Cancel' })).toBeVisible();
      await check(page, look.name, 'conversation-growing');
      await expect(log.getByText(words.join(''))).toBeVisible();
      await expect(answer).toHaveCount(0);

      await message.fill('And another');
      await page.getByRole('button', { name: 'Send' }).click();
      await expect(answer).toContainText('The harbour');
      await page.getByRole('button', { name: 'Cancel' }).click();
      await expect(log.getByText('Cancelled.')).toBeVisible();
      await expect(log.getByRole('listitem')).toHaveCount(3);
      await check(page, look.name, 'conversation');

      const list = page.getByRole('navigation', { name: 'Conversations' });
      await expect(
        list.getByRole('link', { name: `A story of a harbour, ${look.name}` }),
      ).toHaveAttribute('aria-current', 'page');
      await page.getByRole('button', { name: 'Delete' }).click();
      await page.getByRole('button', { name: 'Delete conversation' }).click();
      await expect(page.getByText('Each answer knows what was said before it.')).toBeVisible();
      await expect(
        page.getByRole('link', { name: `A story of a harbour, ${look.name}` }),
      ).toHaveCount(0);
      expect(faults).toEqual([]);
    });
  });
}

test('what another program says appears, and a reload loses nothing', async ({ page, request }) => {
  const { owner, password, agents } = organisation;
  const rest = await new Rest(request).signIn(owner, password);
  const begun = await rest.post<Schemas['ConversationWithMessages']>(
    `/agents/${agents.scout.id}/conversations`,
    { message: 'From elsewhere' },
  );
  await signIn(page, organisation.owner, organisation.password);
  await page.goto(`/agents/${agents.scout.id}/conversations`);
  await page.getByRole('link', { name: 'From elsewhere' }).click();
  const log = page.getByRole('log', { name: 'Messages' });
  await expect(log.getByText('From elsewhere')).toHaveCount(2);
  await rest.post(`/conversations/${begun.id}/messages`, { content: 'And again' });
  await expect(log.getByText('And again')).toHaveCount(2);
  await page.reload();
  await expect(log.getByText('And again')).toHaveCount(2);
  await expect(log.getByText('From elsewhere')).toHaveCount(2);
});

/** A task as it is watched: its answer grows on the page, and its steps come as they are made. */
import { type APIRequestContext, expect, type Page, test } from '@playwright/test';
import type { components } from '../src/api/generated';
import { check, looks, watch } from './checks';
import { createOrganisation, type Organisation, Rest } from './organisation';
import { signIn } from './signIn';

type Schemas = components['schemas'];

let organisation: Organisation;
let storyteller: Schemas['Agent'];

const words =
  'The harbour lay quiet under the first light. Two boats came in with the tide, and nobody on the quay asked where they had been all night.'.split(
    /(?<= )/,
  );

test.beforeAll(async ({ playwright }, { project }) => {
  const request = await playwright.request.newContext({ baseURL: project.use.baseURL ?? '' });
  organisation = await createOrganisation(request);
  const ask = { tool_calls: [{ name: 'calculator', arguments: { expression: '6*7' } }] };
  storyteller = await organisation.rest.post<Schemas['Agent']>('/agents', {
    name: 'Storyteller',
    agent_type: 'scripted',
    capabilities: ['calculator'],
    // It goes on for minutes, so that whoever looks slowly finds it at work.
    configuration: { script: [ask, { text: Array(36).fill(words).flat(), pause_ms: 220 }] },
  });
  await organisation.rest.post(`/agents/${storyteller.id}/start`);
  await request.dispose();
});

async function open(page: Page, request: APIRequestContext, agent: Schemas['Agent']) {
  const { owner, password } = organisation;
  const rest = await new Rest(request).signIn(owner, password);
  const task = await rest.post<Schemas['Task']>('/tasks', {
    agent_id: agent.id,
    name: 'Tell a story',
    input_data: { prompt: 'Of a harbour' },
  });
  await signIn(page, owner, password);
  await page.goto(`/tasks/${task.id}`);
  await expect(page.getByRole('heading', { level: 1, name: 'Tell a story' })).toBeVisible();
  await page.getByRole('button', { name: 'Execute Tell a story' }).click();
}

for (const look of looks) {
  test.describe(look.name, () => {
    test.use({ colorScheme: look.theme, viewport: { width: look.width, height: look.height } });

    test('the answer of a running task grows', async ({ page, request }) => {
      const faults = watch(page);
      await open(page, request, storyteller);
      const answer = page.getByRole('group', { name: 'Answer so far' });
      await expect(answer).toContainText('The harbour lay');
      await expect(page.getByText('Running', { exact: true }).first()).toBeVisible();
      const early = (await answer.textContent()) ?? '';
      await expect(page.getByText('2. calculator')).toBeVisible();
      await check(page, look.name, 'task-running');
      await expect
        .poll(async () => ((await answer.textContent()) ?? '').length)
        .toBeGreaterThan(early.length);
      await page.getByRole('button', { name: 'Cancel Tell a story' }).click();
      await expect(page.getByText('There is no result')).toBeVisible();
      await expect(answer).toBeHidden();
      expect(faults).toEqual([]);
    });
  });
}

test('the result follows the answer', async ({ page, request }) => {
  await open(page, request, organisation.agents.scout);
  await expect(page.getByText('Completed', { exact: true }).first()).toBeVisible();
  await expect(page.getByRole('region', { name: 'Result' })).toContainText('Of a harbour');
});

import { screen, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import { addTurn } from '@/testing/fake/conversations';
import { agentActor, record, touch } from '@/testing/fake/db';
import { seededMember } from '@/testing/fake/seed';
import { open } from '@/testing/render';
import { fake } from '@/testing/server';

const asked = 'Which of the papers should I read first?';

function agentCalled(wanted: string) {
  const agent = fake.db.agents.find(({ name }) => name === wanted);
  if (agent === undefined) throw new Error(`the seed has ${wanted}`);
  return agent;
}

function owner() {
  const [first] = fake.db.users;
  if (first === undefined) throw new Error('the seed has an owner');
  return first.user;
}

/** The seeded conversation with Scout. */
function seededConversation() {
  const turn = fake.db.tasks.find(({ conversation_id }) => conversation_id !== null);
  if (turn === undefined) throw new Error('the seed has a conversation');
  return { path: `/agents/${turn.agent_id}/conversations/${turn.conversation_id}`, turn };
}

/** A conversation with Echo whose only turn stands like this. */
function turnThat(status: 'running' | 'waiting_approval') {
  const echo = agentCalled('Echo');
  const turn = addTurn(
    fake.db,
    owner(),
    { agent_id: echo.id, name: 'Tell a story' },
    { content: 'Once upon a time', outcome: { status, started_at: fake.db.now(), attempts: 1 } },
  );
  const about = { type: 'task', id: turn.id } as const;
  record(fake.db, turn.tenant_id, agentActor(fake.db, echo.id), about, 'task.attempt_started');
  return { path: `/agents/${echo.id}/conversations/${turn.conversation_id}`, turn };
}

test('a conversation begins with what is said first and is answered', async () => {
  const echo = agentCalled('Echo');
  const { user, router } = await open(`/agents/${echo.id}/conversations`);
  expect(await screen.findByRole('heading', { name: 'Talk with Echo' })).toBeVisible();
  expect(await screen.findByText('What is said stands here afterwards.')).toBeVisible();
  await user.type(screen.getByRole('textbox', { name: 'Message' }), 'The tide is turning{Enter}');
  const log = await screen.findByRole('log', { name: 'Messages' });
  const said = await within(log).findAllByRole('listitem');
  expect(said[0]).toHaveTextContent(/^You.*The tide is turning$/);
  const answer = await within(log).findByText(
    (_, element) =>
      element?.tagName === 'LI' && /^Echo.*The tide is turning$/.test(element.textContent ?? ''),
    {},
    { timeout: 4000 },
  );
  expect(answer).toBeVisible();
  expect(router.state.location.pathname).toMatch(/\/conversations\/[\w-]+$/);
  expect(screen.getByRole('link', { name: /^The tide is turning/ })).toHaveAttribute(
    'aria-current',
    'page',
  );
});

test('what is said next goes on with the conversation', async () => {
  const { path, turn } = seededConversation();
  const { user } = await open(path);
  const log = await screen.findByRole('log', { name: 'Messages' });
  expect(within(log).getAllByRole('listitem')).toHaveLength(3);
  const field = screen.getByRole('textbox', { name: 'Message' });
  await user.type(field, 'First line{Shift>}{Enter}{/Shift}second line');
  expect(field).toHaveValue('First line\nsecond line');
  await user.click(screen.getByRole('button', { name: 'Send' }));
  expect(await within(log).findAllByText(/First line\s+second line/)).not.toHaveLength(0);
  expect(field).toHaveValue('');
  const turns = fake.db.tasks.filter(
    ({ conversation_id }) => conversation_id === turn.conversation_id,
  );
  expect(turns).toHaveLength(3);
  expect(turns[0]?.input_data).toEqual({ prompt: 'First line\nsecond line' });
});

test('blank words are not sent', async () => {
  const { user } = await open(seededConversation().path);
  const before = fake.db.tasks.length;
  await user.type(await screen.findByRole('textbox', { name: 'Message' }), '  {Enter}');
  expect(screen.getByRole('button', { name: 'Send' })).toBeDisabled();
  expect(fake.db.tasks).toHaveLength(before);
});

test('why no answer came stands under what was asked', async () => {
  await open(seededConversation().path);
  const log = await screen.findByRole('log', { name: 'Messages' });
  expect(within(log).getByText(/No answer: The provider asks to slow down\./)).toBeVisible();
  expect(within(log).getByRole('link', { name: 'Details' })).toHaveAttribute(
    'href',
    expect.stringMatching(/^\/tasks\//),
  );
});

test('an answer grows, and nothing else is said meanwhile', async () => {
  const { path, turn } = turnThat('running');
  const { user } = await open(path);
  expect(await screen.findByRole('group', { name: 'Answer so far' })).toHaveTextContent(
    /^Once upo$/,
  );
  const send = screen.getByRole('button', { name: 'Send' });
  expect(send).toHaveAttribute('aria-disabled', 'true');
  await user.hover(send);
  expect(await screen.findByRole('tooltip')).toHaveTextContent(
    'Wait for the answer, or cancel it.',
  );
  await user.type(screen.getByRole('textbox', { name: 'Message' }), 'And then?{Enter}');
  expect(screen.getByRole('textbox', { name: 'Message' })).toHaveValue('And then?');
  expect(screen.getByRole('button', { name: 'Delete' })).toHaveAttribute('aria-disabled', 'true');
  await user.click(screen.getByRole('button', { name: 'Cancel' }));
  expect(await screen.findByText('Cancelled.')).toBeVisible();
  expect(turn.status).toBe('cancelled');
  expect(screen.queryByRole('group', { name: 'Answer so far' })).not.toBeInTheDocument();
});

test('a turn that waits for a person leads to the approvals', async () => {
  await open(turnThat('waiting_approval').path);
  expect(await screen.findByText(/A call waits for approval\./)).toBeVisible();
  expect(screen.getByRole('link', { name: 'Details' })).toHaveAttribute('href', '/approvals');
});

test('who was faster is told of, and the words stay in the field', async () => {
  const { path, turn } = seededConversation();
  const { user } = await open(path);
  const field = await screen.findByRole('textbox', { name: 'Message' });
  await user.type(field, 'Me too');
  const { agent_id, name } = turn;
  const conversation_id = turn.conversation_id ?? '';
  const other = { content: 'Me first', outcome: { status: 'running' } } as const;
  addTurn(fake.db, owner(), { agent_id, name, conversation_id }, other);
  await user.keyboard('{Enter}');
  expect(await screen.findByText('The turn before has not come to its end.')).toBeVisible();
  expect(field).toHaveValue('Me too');
  expect(await screen.findByText('Me first')).toBeVisible();
});

test('an agent that does not run is started first', async () => {
  const scout = agentCalled('Scout');
  touch(fake.db, scout, { status: 'idle' });
  const { user } = await open(seededConversation().path);
  const send = await screen.findByRole('button', { name: 'Send' });
  await user.hover(send);
  expect(await screen.findByRole('tooltip')).toHaveTextContent('Start Scout first.');
  await user.click(screen.getByRole('button', { name: 'Start Scout' }));
  expect(await screen.findByRole('button', { name: 'Pause Scout' })).toBeVisible();
  await user.type(screen.getByRole('textbox', { name: 'Message' }), 'Good morning');
  expect(send).toBeEnabled();
});

test('a conversation is deleted after a question', async () => {
  const { path } = seededConversation();
  const { user, router } = await open(path);
  await user.click(await screen.findByRole('button', { name: 'Delete' }));
  const dialog = screen.getByRole('dialog', { name: `Delete ${asked}?` });
  await user.click(within(dialog).getByRole('button', { name: 'Delete conversation' }));
  expect(await screen.findByText('Each answer knows what was said before it.')).toBeVisible();
  expect(router.state.location.pathname).toMatch(/\/conversations$/);
  expect(screen.queryByRole('link', { name: new RegExp(`^${asked}`) })).not.toBeInTheDocument();
});

test('who said what stands over it', async () => {
  await open(seededConversation().path);
  const log = await screen.findByRole('log', { name: 'Messages' });
  const said = within(log)
    .getAllByRole('listitem')
    .map(({ textContent }) => textContent);
  expect(said.map((text) => /^(You|Scout|Grace Okafor)/.exec(text)?.[0])).toEqual([
    'You',
    'Scout',
    'Grace Okafor',
  ]);
});

test('a member reads the conversation of another and says nothing in it', async () => {
  await open(seededConversation().path, seededMember);
  const log = await screen.findByRole('log', { name: 'Messages' });
  expect(within(log).getByText('Ada Moreau')).toBeVisible();
  for (const name of ['Send', 'Delete']) {
    expect(screen.getByRole('button', { name })).toHaveAttribute('aria-disabled', 'true');
  }
});

test('a conversation that is gone is said to be gone', async () => {
  const scout = agentCalled('Scout');
  await open(`/agents/${scout.id}/conversations/0198c0de-0000-7000-8000-ffffffffffff`);
  expect(await screen.findByText('Not found')).toBeVisible();
});

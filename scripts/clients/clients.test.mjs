// The official Node clients of OpenAI and Anthropic against the server at the address in FAKE: what they take for their
// provider is true to its protocol.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';

const fake = `http://${process.env.FAKE}`;
const question = { role: 'user', content: 'What is 6 times 7?' };
const parameters = {
  type: 'object',
  properties: { expression: { type: 'string' } },
  required: ['expression'],
};
const openai = new OpenAI({ baseURL: `${fake}/v1`, apiKey: 'sk-clients', maxRetries: 0 });
const anthropic = new Anthropic({ baseURL: fake, apiKey: 'sk-clients', maxRetries: 0 });
const asked = { model: 'claude-sonnet-4-6', max_tokens: 100, messages: [question] };

test('openai: an answer in one piece, with its usage', async () => {
  const answer = await openai.chat.completions.create({ model: 'gpt-4.1', messages: [question] });
  const [choice] = answer.choices;
  assert.equal(choice.message.content, 'You said: What is 6 times 7?');
  assert.equal(choice.finish_reason, 'stop');
  assert.deepEqual([answer.usage.prompt_tokens, answer.usage.completion_tokens], [5, 7]);
});

test('openai: a streamed answer, put together by the client', async () => {
  const stream = openai.chat.completions.stream({
    model: 'gpt-4.1',
    messages: [{ role: 'system', content: 'Be brief.' }, question],
    stream_options: { include_usage: true },
  });
  const pieces = [];
  stream.on('content', (piece) => pieces.push(piece));
  const answer = await stream.finalChatCompletion();
  assert.equal(answer.choices[0].message.content, 'You said: What is 6 times 7?');
  assert.equal(pieces.join(''), 'You said: What is 6 times 7?');
  assert.ok(pieces.length > 3);
  assert.equal(answer.usage.total_tokens, 7 + 7);
});

test('openai: a tool is asked for in a stream, and its result is answered', async () => {
  const tools = [{ type: 'function', function: { name: 'calculator', parameters } }];
  const stream = openai.chat.completions.stream({ model: 'gpt-4.1', messages: [question], tools });
  const { message, finish_reason } = (await stream.finalChatCompletion()).choices[0];
  assert.equal(finish_reason, 'tool_calls');
  const [call] = message.tool_calls;
  assert.equal(call.function.name, 'calculator');
  assert.deepEqual(JSON.parse(call.function.arguments), { expression: question.content });
  const said = { role: 'assistant', content: null, tool_calls: message.tool_calls };
  const result = { role: 'tool', tool_call_id: call.id, content: '42' };
  const messages = [question, said, result];
  const answer = await openai.chat.completions.create({ model: 'gpt-4.1', messages, tools });
  assert.equal(answer.choices[0].message.content, 'The tool said: 42');
});

test('openai: errors are the errors that the client knows', async () => {
  const ask = (model, client = openai, messages = [question]) =>
    client.chat.completions.create({ model, messages });
  await assert.rejects(ask('limited-for-7-seconds'), (error) => {
    assert.ok(error instanceof OpenAI.RateLimitError);
    assert.equal(error.headers.get('retry-after'), '7');
    return true;
  });
  await assert.rejects(ask('server-error'), OpenAI.InternalServerError);
  await assert.rejects(ask('unknown-model'), OpenAI.NotFoundError);
  await assert.rejects(ask('close-at-once'), OpenAI.APIConnectionError);
  await assert.rejects(ask('gpt-4.1', openai, []), OpenAI.BadRequestError);
  const stranger = new OpenAI({ baseURL: `${fake}/v1`, apiKey: 'wrong', maxRetries: 0 });
  await assert.rejects(ask('gpt-4.1', stranger), OpenAI.AuthenticationError);
  const models = await openai.models.list();
  assert.equal(models.data[0].id, 'gpt-4.1');
});

test('anthropic: an answer in one piece, with its usage', async () => {
  const answer = await anthropic.messages.create(asked);
  assert.deepEqual(answer.content[0].text, 'You said: What is 6 times 7?');
  assert.equal(answer.stop_reason, 'end_turn');
  assert.deepEqual([answer.usage.input_tokens, answer.usage.output_tokens], [5, 7]);
});

test('anthropic: a streamed answer, put together by the client', async () => {
  const stream = anthropic.messages.stream({ ...asked, system: 'Be brief.' });
  const pieces = [];
  stream.on('text', (piece) => pieces.push(piece));
  const answer = await stream.finalMessage();
  assert.equal(answer.content[0].text, 'You said: What is 6 times 7?');
  assert.equal(pieces.join(''), 'You said: What is 6 times 7?');
  assert.deepEqual([answer.usage.input_tokens, answer.usage.output_tokens], [7, 7]);
  const cut = await anthropic.messages.stream({ ...asked, max_tokens: 2 }).finalMessage();
  assert.deepEqual([cut.content[0].text, cut.stop_reason], ['You said', 'max_tokens']);
});

test('anthropic: a tool is asked for in a stream, and its result is answered', async () => {
  const tools = [{ name: 'calculator', input_schema: parameters }];
  const answer = await anthropic.messages.stream({ ...asked, tools }).finalMessage();
  assert.equal(answer.stop_reason, 'tool_use');
  const [call] = answer.content;
  assert.deepEqual([call.name, call.input], ['calculator', { expression: question.content }]);
  const result = { type: 'tool_result', tool_use_id: call.id, content: '42' };
  const messages = [
    question,
    { role: 'assistant', content: answer.content },
    { role: 'user', content: [result] },
  ];
  const last = await anthropic.messages.create({ ...asked, messages, tools });
  assert.equal(last.content[0].text, 'The tool said: 42');
});

test('anthropic: errors are the errors that the client knows', async () => {
  const ask = (model, client = anthropic) => client.messages.create({ ...asked, model });
  await assert.rejects(ask('limited-for-7-seconds'), Anthropic.RateLimitError);
  await assert.rejects(ask('overloaded'), Anthropic.InternalServerError);
  await assert.rejects(ask('unknown-model'), Anthropic.NotFoundError);
  await assert.rejects(ask('close-at-once'), Anthropic.APIConnectionError);
  await assert.rejects(
    anthropic.messages.create({ ...asked, messages: [{ role: 'assistant', content: 'Hm' }] }),
    Anthropic.BadRequestError,
  );
  const stranger = new Anthropic({ baseURL: fake, apiKey: 'wrong', maxRetries: 0 });
  await assert.rejects(ask('claude-sonnet-4-6', stranger), Anthropic.AuthenticationError);
  await assert.rejects(
    anthropic.messages.stream({ ...asked, model: 'overloaded-in-stream' }).finalMessage(),
    (error) => error.error?.error?.type === 'overloaded_error',
  );
});

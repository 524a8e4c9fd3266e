/** An organisation at work, made through the API of the running product. */
import { type APIRequestContext, expect } from '@playwright/test';
import type { components } from '../src/api/generated';

type Schemas = components['schemas'];

export interface Organisation {
  name: string;
  owner: string;
  member: string;
  password: string;
  /** Speaks as the owner. */
  rest: Rest;
  agents: Record<'scout' | 'reader', Schemas['Agent']>;
  tasks: Record<'completed' | 'cancelled', Schemas['Task']>;
}

type Body = Record<string, unknown>;

/** Requests to the API, as someone or as nobody. */
export class Rest {
  constructor(
    private readonly request: APIRequestContext,
    private readonly token: string | null = null,
  ) {}

  async post<T>(path: string, data?: Body): Promise<T> {
    const headers: Record<string, string> =
      this.token === null ? {} : { authorization: `Bearer ${this.token}` };
    const response = await this.request.post(`/api/v1${path}`, {
      headers,
      ...(data === undefined ? {} : { data }),
    });
    expect(response.ok(), `POST ${path}: ${await response.text()}`).toBe(true);
    return response.json();
  }

  async signIn(email: string, password: string): Promise<Rest> {
    const { access_token } = await this.post<Schemas['LoginAnswer']>('/auth/login', {
      email,
      password,
    });
    return new Rest(this.request, access_token);
  }
}

/** Makes one with tasks in every status they keep without a model that fails. Its names are its own, so runs do not meet. */
export async function createOrganisation(request: APIRequestContext): Promise<Organisation> {
  const mark = crypto.randomUUID().slice(0, 8);
  const [owner, member] = [`ada-${mark}@northwind.example`, `grace-${mark}@northwind.example`];
  const password = 'correct horse battery';
  const name = 'Northwind Research';
  const anyone = new Rest(request);
  const tenant_subdomain = `northwind-${mark}`;
  await anyone.post('/tenants', {
    name,
    subdomain: tenant_subdomain,
    contact_email: owner,
    contact_name: 'Ada Moreau',
  });
  const ada = { email: owner, password, full_name: 'Ada Moreau', tenant_subdomain };
  await anyone.post('/auth/register', ada);
  const rest = await anyone.signIn(owner, password);

  const invite = (email: string, role: Schemas['Role'], full_name: string) =>
    rest.post<Schemas['InviteAnswer']>('/tenants/users/invite', { email, role, full_name });
  const { invitation_token } = await invite(member, 'member', 'Grace Okafor');
  await anyone.post('/auth/register', {
    ...ada,
    email: member,
    full_name: 'Grace Okafor',
    invitation_token,
  });
  await invite(`noor-${mark}@northwind.example`, 'admin', 'Noor Haddad');

  await rest.post('/api-keys', {
    name: 'Nightly import',
    scopes: ['create_tasks', 'read_agents', 'read_events'],
  });
  await rest.post('/provider-keys', { provider: 'openai', key: 'sk-proj-1a2b3c4d' });

  const agent = (data: Body) => rest.post<Schemas['Agent']>('/agents', data);
  const scout = await agent({
    name: 'Scout',
    description: 'Reads incoming papers and writes three-line summaries.',
    agent_type: 'claude',
    configuration: { temperature: 0.2, max_tokens: 2048 },
    capabilities: ['summarise', 'translate'],
  });
  const reader = await agent({ name: 'Invoice reader', agent_type: 'gpt-4' });
  await agent({ name: 'Press monitor', agent_type: 'openai/gpt-4o' });
  const arguments_ = { method: 'POST', url: 'https://mail.northwind.example/send', body: '…' };
  const correspondent = await agent({
    name: 'Correspondent',
    agent_type: 'scripted',
    capabilities: ['http_request'],
    configuration: {
      script: [{ tool_calls: [{ name: 'http_request', arguments: arguments_ }] }],
      approval: { tools: ['http_request'] },
    },
  });
  for (const { id } of [scout, reader, correspondent]) await rest.post(`/agents/${id}/start`);
  await rest.post(`/agents/${reader.id}/pause`);

  const task = (agent_id: string, title: string, prompt: string, more: Body = {}) =>
    rest.post<Schemas['Task']>('/tasks', {
      agent_id,
      name: title,
      input_data: { prompt },
      ...more,
    });
  const completed = await task(
    scout.id,
    'Summarise the attention survey',
    'Summarise in three lines.',
  );
  await rest.post(`/tasks/${completed.id}/execute`);
  const cancelled = await task(scout.id, 'Compare two papers', 'Where do they disagree?');
  await rest.post(`/tasks/${cancelled.id}/cancel`, { reason: 'Found it elsewhere.' });
  const later = { scheduled_at: new Date(Date.now() + 86_400_000).toISOString(), priority: 5 };
  const scheduled = await task(scout.id, 'Weekly digest', 'Digest of the week.', later);
  await rest.post(`/tasks/${scheduled.id}/execute`);
  await task(reader.id, 'October invoices', 'Book all invoices of October.', { priority: 4 });

  const asking = await task(correspondent.id, 'Answer the reviewer', 'Thank them.');
  await rest.post(`/tasks/${asking.id}/execute`);
  await rest.post('/schedules', {
    agent_id: scout.id,
    name: 'Morning report',
    cron: '0 7 * * 1-5',
    time_zone: 'Europe/Berlin',
    input_data: { prompt: 'What is new since yesterday?' },
  });

  const agents = { scout, reader };
  return { name, owner, member, password, rest, agents, tasks: { completed, cancelled } };
}

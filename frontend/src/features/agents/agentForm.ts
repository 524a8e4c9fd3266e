import type { Schemas } from '@/api/client';
import { objectOf, textOf } from '@/lib/parseObject';
import type { Agent } from './queries';

/** The form as it is on the screen. */
export interface AgentFormValues {
  name: string;
  description: string;
  agent_type: string;
  capabilities: string[];
  /** JSON text. */
  configuration: string;
}

export const emptyAgentForm: AgentFormValues = {
  name: '',
  description: '',
  agent_type: 'echo',
  capabilities: [],
  configuration: '',
};

export function agentFormOf(agent: Agent): AgentFormValues {
  return {
    name: agent.name,
    description: agent.description,
    agent_type: agent.agent_type,
    capabilities: agent.capabilities,
    configuration: textOf(agent.configuration),
  };
}

/** The form as the API wants it. */
export function agentBodyOf(values: AgentFormValues): Schemas['CreateAgentBody'] {
  return {
    name: values.name.trim(),
    description: values.description.trim(),
    agent_type: values.agent_type.trim(),
    capabilities: values.capabilities,
    configuration: objectOf(values.configuration),
  };
}

/** The types every installation knows; any `provider/model` works besides. */
export const agentTypes = ['echo', 'gpt-4', 'claude', 'custom'] as const;

export const agentPointers = [
  '/name',
  '/description',
  '/agent_type',
  '/capabilities',
  '/configuration',
] as const;

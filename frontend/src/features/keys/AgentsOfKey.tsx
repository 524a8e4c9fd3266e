import Box from '@mui/material/Box';
import { useQuery } from '@tanstack/react-query';
import { agentChoicesQuery } from '@/api/agents';
import type { ApiKey } from './queries';

/** The agents that a key is bound to, if it is. */
export function AgentsOfKey({ agentIds }: { agentIds: ApiKey['agent_ids'] }) {
  const query = useQuery({ ...agentChoicesQuery, enabled: agentIds !== null });
  const agents = query.data?.items ?? [];
  if (agentIds === null) {
    return (
      <Box component="span" sx={{ color: 'text.secondary' }}>
        All agents
      </Box>
    );
  }
  // Whose name is not among them may be terminated since.
  const names = agentIds.map(
    (id) => agents.find((agent) => agent.id === id)?.name ?? `Agent …${id.slice(-4)}`,
  );
  const more = names.length - 2;
  return (
    <span title={names.join(', ')}>
      {names.slice(0, 2).join(', ')}
      {more > 0 && ` and ${more} more`}
    </span>
  );
}

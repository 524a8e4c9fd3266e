import Box from '@mui/material/Box';
import { Ago } from '@/ui/Ago';
import { type Column, DataTable } from '@/ui/DataTable';
import { TextLink } from '@/ui/TextLink';
import { AgentMoves } from './AgentMoves';
import { AgentStatusMark } from './AgentStatusMark';
import type { Agent } from './queries';

const columns: readonly Column<Agent>[] = [
  {
    header: 'Name',
    narrow: 'title',
    width: '42%',
    cell: ({ id, name, description }) => (
      <>
        <TextLink to={`/agents/${id}`}>{name}</TextLink>
        {description !== '' && (
          <Box
            sx={{
              color: 'text.secondary',
              fontSize: '0.8125rem',
              display: '-webkit-box',
              WebkitLineClamp: 1,
              WebkitBoxOrient: 'vertical',
              overflow: 'hidden',
            }}
          >
            {description}
          </Box>
        )}
      </>
    ),
  },
  { header: 'Type', narrow: 'line', cell: ({ agent_type }) => <code>{agent_type}</code> },
  {
    header: 'Status',
    narrow: 'corner',
    cell: ({ status }) => <AgentStatusMark status={status} />,
  },
  { header: 'Changed', narrow: 'line', cell: ({ updated_at }) => <Ago time={updated_at} /> },
  {
    header: 'Actions',
    narrow: 'foot',
    align: 'right',
    cell: (agent) => <AgentMoves agent={agent} size="small" />,
  },
];

/** Agents with their status and what can be asked of them. */
export function AgentTable({ agents }: { agents: readonly Agent[] }) {
  return <DataTable label="Agents" rows={agents} columns={columns} rowKey={({ id }) => id} />;
}

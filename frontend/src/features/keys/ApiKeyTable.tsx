import Box from '@mui/material/Box';
import { Ago } from '@/ui/Ago';
import { type Column, DataTable } from '@/ui/DataTable';
import { StatusMark } from '@/ui/StatusMark';
import { monospace } from '@/ui/theme';
import { AgentsOfKey } from './AgentsOfKey';
import { ApiKeyActions } from './ApiKeyActions';
import type { ApiKey } from './queries';
import { apiKeyStatus } from './status';

const columns: readonly Column<ApiKey>[] = [
  {
    header: 'Name',
    narrow: 'title',
    width: '26%',
    cell: ({ name, prefix, last4 }) => (
      <>
        <Box sx={{ fontWeight: 560, overflowWrap: 'anywhere' }}>{name}</Box>
        <Box sx={{ color: 'text.secondary', fontFamily: monospace, fontSize: '0.7813rem' }}>
          {prefix}…{last4}
        </Box>
      </>
    ),
  },
  {
    header: 'Status',
    narrow: 'corner',
    cell: ({ status }) => <StatusMark {...apiKeyStatus[status]} />,
  },
  {
    header: 'May',
    narrow: 'line',
    cell: ({ scopes }) => (
      <Box component="span" title={scopes.join(', ')} sx={{ fontSize: '0.8438rem' }}>
        {scopes.length > 2
          ? `${scopes.slice(0, 2).join(', ')} and ${scopes.length - 2} more`
          : scopes.join(', ')}
      </Box>
    ),
  },
  {
    header: 'For',
    narrow: 'line',
    cell: ({ agent_ids }) => <AgentsOfKey agentIds={agent_ids} />,
  },
  {
    header: 'Last used',
    narrow: 'line',
    cell: ({ last_used_at }) => (last_used_at === null ? 'Never' : <Ago time={last_used_at} />),
  },
  {
    header: 'Ends',
    narrow: 'line',
    cell: ({ expires_at, revoked_at }) => <Ago time={revoked_at ?? expires_at} />,
  },
  {
    header: 'Actions',
    narrow: 'foot',
    align: 'right',
    cell: (apiKey) => <ApiKeyActions apiKey={apiKey} />,
  },
];

/** Keys of programs, without the keys themselves. */
export function ApiKeyTable({ apiKeys }: { apiKeys: readonly ApiKey[] }) {
  return <DataTable label="API keys" rows={apiKeys} columns={columns} rowKey={({ id }) => id} />;
}

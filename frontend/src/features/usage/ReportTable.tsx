import Box from '@mui/material/Box';
import { formatDay } from '@/lib/dates';
import { formatCount, formatUsd } from '@/lib/numbers';
import { type Column, DataTable } from '@/ui/DataTable';
import { TextLink } from '@/ui/TextLink';
import type { UsageGroup, UsageOfGroup } from './reportQueries';

interface ReportTableProps {
  groupBy: UsageGroup;
  items: readonly UsageOfGroup[];
}

const headers = { day: 'Day', agent: 'Agent', model: 'Model' } satisfies Record<UsageGroup, string>;

/** A line for each day, agent or model; of days the newest first. */
export function ReportTable({ groupBy, items }: ReportTableProps) {
  return (
    <DataTable
      label={`Usage by ${groupBy}`}
      rows={groupBy === 'day' ? items.toReversed() : items}
      columns={columns(groupBy)}
      rowKey={({ day, agent_id, provider, model }) => day ?? agent_id ?? `${provider}/${model}`}
    />
  );
}

const columns = (groupBy: UsageGroup): readonly Column<UsageOfGroup>[] => [
  { header: headers[groupBy], narrow: 'title', width: '40%', cell: (item) => <Name item={item} /> },
  { header: 'Cost', narrow: 'corner', align: 'right', cell: ({ cost_usd }) => formatUsd(cost_usd) },
  { header: 'Calls', narrow: 'line', align: 'right', cell: ({ calls }) => formatCount(calls) },
  {
    header: 'Tokens in',
    narrow: 'line',
    align: 'right',
    cell: ({ input_tokens }) => formatCount(input_tokens),
  },
  {
    header: 'Tokens out',
    narrow: 'line',
    align: 'right',
    cell: ({ output_tokens }) => formatCount(output_tokens),
  },
];

function Name({ item }: { item: UsageOfGroup }) {
  const { day, agent_id, agent_name, provider, model } = item;
  if (day !== null) return formatDay(`${day}T12:00:00Z`);
  if (agent_id !== null) {
    return agent_name === null ? (
      'A deleted agent'
    ) : (
      <TextLink to={`/agents/${agent_id}`}>{agent_name}</TextLink>
    );
  }
  return (
    <>
      <Box sx={{ overflowWrap: 'anywhere' }}>{model === '' ? 'Not recorded' : model}</Box>
      <Box sx={{ color: 'text.secondary', fontSize: '0.8125rem' }}>{provider}</Box>
    </>
  );
}

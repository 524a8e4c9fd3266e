import Box from '@mui/material/Box';
import { useQuery } from '@tanstack/react-query';
import { formatCount, formatUsd } from '@/lib/numbers';
import { Answered } from '@/ui/Answered';
import { type Column, DataTable } from '@/ui/DataTable';
import { Panel } from '@/ui/Panel';
import { StateNote } from '@/ui/States';
import { StatusMark, type StatusTone } from '@/ui/StatusMark';
import { type Step, stepsQuery } from './queries';

/** Every call of a model or a tool that a task made, in order. */
export function StepsPanel({ task }: { task: string }) {
  return (
    <Panel title="Steps" isFlush>
      <Answered query={useQuery(stepsQuery(task))}>
        {({ items, total }) =>
          total === 0 ? (
            <StateNote title="No steps yet">
              Calls of the model and of tools stand here as they are made.
            </StateNote>
          ) : (
            <>
              <DataTable label="Steps" rows={items} columns={columns} rowKey={({ id }) => id} />
              {total > items.length && (
                <Box sx={{ px: 2.5, py: 1.5, color: 'text.secondary', fontSize: '0.8125rem' }}>
                  The first {formatCount(items.length)} of {formatCount(total)}.
                </Box>
              )}
            </>
          )
        }
      </Answered>
    </Panel>
  );
}

const states = {
  running: { tone: 'moving', label: 'Running' },
  done: { tone: 'good', label: 'Done' },
  failed: { tone: 'bad', label: 'Failed' },
  cut_off: { tone: 'gone', label: 'Cut off' },
  superseded: { tone: 'gone', label: 'Done anew' },
} satisfies Record<Step['state'], { tone: StatusTone; label: string }>;

const columns: readonly Column<Step>[] = [
  {
    header: 'Step',
    narrow: 'title',
    width: '44%',
    cell: (step) => (
      <>
        <Box sx={{ fontWeight: 560, overflowWrap: 'anywhere' }}>
          {step.step}. {step.name === '' ? step.kind : step.name}
        </Box>
        <Box sx={{ color: 'text.secondary', fontSize: '0.8125rem' }}>
          {step.error?.message ?? about(step)}
        </Box>
      </>
    ),
  },
  { header: 'State', narrow: 'corner', cell: ({ state }) => <StatusMark {...states[state]} /> },
  { header: 'Attempt', narrow: 'line', align: 'right', cell: ({ attempt }) => attempt },
  { header: 'Took', narrow: 'line', align: 'right', cell: ({ latency_ms }) => took(latency_ms) },
  {
    header: 'Cost',
    narrow: 'line',
    align: 'right',
    cell: ({ usage }) => formatUsd(usage.cost_usd),
  },
];

function about({ kind, provider, usage }: Step): string {
  if (kind !== 'model') return kind === 'tool' ? 'Tool' : 'Delay';
  const tokens = `${formatCount(usage.input_tokens)} in, ${formatCount(usage.output_tokens)} out`;
  return provider === '' ? tokens : `${provider}, ${tokens}`;
}

function took(ms: number | null): string {
  if (ms === null) return '–';
  return ms < 1000 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`;
}

import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { formatIn } from '@/lib/dates';
import { Ago } from '@/ui/Ago';
import { type Column, DataTable } from '@/ui/DataTable';
import { StatusMark } from '@/ui/StatusMark';
import { TextLink } from '@/ui/TextLink';
import type { TaskAgent } from './queries';
import { ScheduleActions } from './ScheduleActions';
import type { Schedule } from './scheduleQueries';

interface ScheduleTableProps {
  schedules: readonly Schedule[];
  /** The agents of the schedules, as far as they are known. */
  agents: readonly TaskAgent[];
}

/** Why times were left out, in words. */
const reasons: Partial<Record<string, string>> = {
  'schedule.overlap': 'the task before was not over',
  'schedule.missed': 'nobody was there to make a task',
  'agent.not_running': 'the agent was not running',
  'tenant.work_stopped': 'all work was stopped',
  'tenant.suspended': 'the organisation was suspended',
  quota_exceeded: 'the plan’s limit was reached',
};

/** Schedules with their times, what they led to, and what can be done with them. */
export function ScheduleTable({ schedules, agents }: ScheduleTableProps) {
  const columns: readonly Column<Schedule>[] = [
    {
      header: 'Name',
      narrow: 'title',
      width: '20%',
      cell: ({ name }) => <Typography sx={{ fontWeight: 560 }}>{name}</Typography>,
    },
    {
      header: 'Agent',
      narrow: 'line',
      cell: ({ agent_id }) => (
        <TextLink to={`/agents/${agent_id}`} sx={{ color: 'text.primary', fontWeight: 400 }}>
          {agents.find(({ id }) => id === agent_id)?.name ?? 'Open agent'}
        </TextLink>
      ),
    },
    {
      header: 'Status',
      narrow: 'corner',
      cell: ({ enabled }) =>
        enabled ? <StatusMark tone="good" label="On" /> : <StatusMark tone="held" label="Paused" />,
    },
    {
      header: 'Times',
      narrow: 'line',
      cell: ({ cron, time_zone, next_runs: [next] }) => (
        <Stack>
          <Typography variant="body2" sx={{ fontFamily: 'monospace' }}>
            {cron}
          </Typography>
          <Typography variant="caption" sx={{ color: 'text.secondary' }}>
            {next === undefined ? time_zone : `next ${formatIn(next, time_zone)}, ${time_zone}`}
          </Typography>
        </Stack>
      ),
    },
    {
      header: 'Last task',
      narrow: 'line',
      cell: (schedule) => <LastTask schedule={schedule} />,
    },
    {
      header: 'Actions',
      narrow: 'foot',
      align: 'right',
      cell: (schedule) => <ScheduleActions schedule={schedule} />,
    },
  ];
  return <DataTable label="Schedules" rows={schedules} columns={columns} rowKey={({ id }) => id} />;
}

/** The last task, and how many times were left out. */
function LastTask({ schedule }: { schedule: Schedule }) {
  const { last_task_id, last_run_at, skipped_runs, last_skip_reason } = schedule;
  const reason = last_skip_reason === null ? undefined : reasons[last_skip_reason];
  return (
    <Stack>
      {last_task_id === null || last_run_at === null ? (
        <Typography variant="body2">None yet</Typography>
      ) : (
        <TextLink to={`/tasks/${last_task_id}`}>
          <Ago time={last_run_at} />
        </TextLink>
      )}
      {skipped_runs > 0 && (
        <Typography variant="caption" sx={{ color: 'text.secondary' }}>
          {`${skipped_runs} left out: ${reason ?? last_skip_reason ?? 'no reason is known'}`}
        </Typography>
      )}
    </Stack>
  );
}

import { formatSpan } from '@/lib/dates';
import { formatCount, formatUsd } from '@/lib/numbers';
import { Ago } from '@/ui/Ago';
import { Facts } from '@/ui/Facts';
import { Panel } from '@/ui/Panel';
import { TextLink } from '@/ui/TextLink';
import { priorityName } from './priority';
import type { Task, TaskAgent } from './queries';
import { taskTypes } from './taskTypes';

interface TaskFactsProps {
  task: Task;
  agent: TaskAgent | undefined;
}

/** What the task is, took and cost. */
export function TaskFacts({ task, agent }: TaskFactsProps) {
  const { usage, started_at, finished_at, scheduled_at, queued_at, next_attempt_at } = task;
  const waitsUntil = next_attempt_at === scheduled_at ? null : next_attempt_at;
  return (
    <Panel title="About">
      <Facts
        facts={[
          [
            'Agent',
            <TextLink key="agent" to={`/agents/${task.agent_id}`}>
              {agent?.name ?? 'Open agent'}
            </TextLink>,
          ],
          ['Type', taskTypes[task.task_type]],
          ['Priority', priorityName(task.priority)],
          ['Attempts', `${task.attempts} of ${task.max_attempts}`],
          ['Time limit', `${formatCount(task.timeout_seconds)} s`],
          [
            'Not before',
            scheduled_at === null ? null : <Ago key="scheduled" time={scheduled_at} />,
          ],
          ['Next attempt', waitsUntil === null ? null : <Ago key="next" time={waitsUntil} />],
          ['Created', <Ago key="created" time={task.created_at} />],
          ['Queued', queued_at === null ? null : <Ago key="queued" time={queued_at} />],
          ['Started', started_at === null ? null : <Ago key="started" time={started_at} />],
          ['Finished', finished_at === null ? null : <Ago key="finished" time={finished_at} />],
          [
            'Took',
            started_at === null || finished_at === null
              ? null
              : formatSpan(started_at, finished_at),
          ],
          [
            'Tokens',
            `${formatCount(usage.input_tokens)} in, ${formatCount(usage.output_tokens)} out`,
          ],
          ['Cost', formatUsd(usage.cost_usd)],
        ]}
      />
    </Panel>
  );
}

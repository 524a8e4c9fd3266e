import { Ago } from '@/ui/Ago';
import { type Column, DataTable } from '@/ui/DataTable';
import { TextLink } from '@/ui/TextLink';
import { priorityName } from './priority';
import type { Task, TaskAgent } from './queries';
import { TaskMoves } from './TaskMoves';
import { TaskStatusMark } from './TaskStatusMark';

interface TaskTableProps {
  tasks: readonly Task[];
  /** The agents of the tasks, as far as they are known. */
  agents: readonly TaskAgent[];
  /** Leaves out what a page about the tasks' agent says already. */
  isBrief?: boolean;
}

const known: ReadonlySet<string> = new Set(['Agent', 'Priority']);

/** Tasks with their agents, their status and what can be asked of them. */
export function TaskTable({ tasks, agents, isBrief = false }: TaskTableProps) {
  const agentOf = (task: Task) => agents.find(({ id }) => id === task.agent_id);
  const columns: readonly Column<Task>[] = [
    {
      header: 'Name',
      narrow: 'title',
      width: '34%',
      cell: ({ id, name }) => <TextLink to={`/tasks/${id}`}>{name}</TextLink>,
    },
    {
      header: 'Agent',
      narrow: 'line',
      cell: (task) => (
        <TextLink to={`/agents/${task.agent_id}`} sx={{ color: 'text.primary', fontWeight: 400 }}>
          {agentOf(task)?.name ?? 'Open agent'}
        </TextLink>
      ),
    },
    { header: 'Status', narrow: 'corner', cell: (task) => <TaskStatusMark task={task} /> },
    { header: 'Priority', narrow: 'line', cell: ({ priority }) => priorityName(priority) },
    { header: 'Created', narrow: 'line', cell: ({ created_at }) => <Ago time={created_at} /> },
    {
      header: 'Actions',
      narrow: 'foot',
      align: 'right',
      cell: (task) => <TaskMoves task={task} agent={agentOf(task)} size="small" />,
    },
  ];
  return (
    <DataTable
      label="Tasks"
      rows={tasks}
      columns={isBrief ? columns.filter(({ header }) => !known.has(header)) : columns}
      rowKey={({ id }) => id}
    />
  );
}

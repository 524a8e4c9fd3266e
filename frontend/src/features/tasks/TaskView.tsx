import Box from '@mui/material/Box';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { useNavigate } from 'react-router';
import { useCan } from '@/api/me';
import { all, when } from '@/lib/can';
import { ActionButton } from '@/ui/ActionButton';
import { JsonView } from '@/ui/JsonView';
import { Page } from '@/ui/Page';
import { Panel } from '@/ui/Panel';
import { TextLink } from '@/ui/TextLink';
import { DeleteTaskDialog } from './DeleteTaskDialog';
import { type Task, taskAgentQuery } from './queries';
import { TaskFacts } from './TaskFacts';
import { TaskMoves } from './TaskMoves';
import { TaskResult } from './TaskResult';
import { TaskStatusMark } from './TaskStatusMark';

interface TaskViewProps {
  task: Task;
  steps: ReactNode;
  history: ReactNode;
}

export function TaskView({ task, steps, history }: TaskViewProps) {
  const navigate = useNavigate();
  const can = useCan();
  const [isDeleting, setDeleting] = useState(false);
  const agent = useQuery(taskAgentQuery(task.agent_id)).data;
  return (
    <Page
      title={task.name}
      above={<TextLink to="/tasks">Tasks</TextLink>}
      aside={<TaskStatusMark task={task} />}
      actions={
        <>
          <TaskMoves task={task} agent={agent} />
          <ActionButton
            verdict={all(
              can('change_task', task),
              when(task.status !== 'running', 'Cancel it first: it is running.'),
            )}
            variant="outlined"
            color="error"
            onClick={() => setDeleting(true)}
          >
            Delete
          </ActionButton>
        </>
      }
    >
      <Box
        sx={{
          display: 'grid',
          gap: 2.5,
          gridTemplateColumns: { xs: 'minmax(0, 1fr)', lg: 'minmax(0, 3fr) minmax(0, 2fr)' },
          alignItems: 'start',
        }}
      >
        <Box sx={{ display: 'grid', gap: 2.5, minWidth: 0 }}>
          <TaskResult task={task} />
          <Panel title="Input">
            <JsonView value={task.input_data} label="input" />
          </Panel>
          {steps}
          {history}
        </Box>
        <TaskFacts task={task} agent={agent} />
      </Box>
      {isDeleting && (
        <DeleteTaskDialog
          task={task}
          onClose={() => setDeleting(false)}
          onDeleted={() => navigate('/tasks')}
        />
      )}
    </Page>
  );
}

import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { useCan } from '@/api/me';
import { ActionButton } from '@/ui/ActionButton';
import { Answered } from '@/ui/Answered';
import { Panel } from '@/ui/Panel';
import { StateNote } from '@/ui/States';
import { TextLink } from '@/ui/TextLink';
import { CreateTaskDialog } from './CreateTaskDialog';
import { type TaskAgent, taskListQuery } from './queries';
import { TaskTable } from './TaskTable';

const SHOWN = 8;

/** The newest tasks of one agent, and a new one for it. */
export function TasksOfAgent({ agent }: { agent: TaskAgent }) {
  const navigate = useNavigate();
  const can = useCan();
  const [isCreating, setCreating] = useState(false);
  const query = useQuery(taskListQuery({ agent_id: agent.id, limit: SHOWN }));
  return (
    <Panel
      title="Tasks"
      isFlush
      actions={
        <ActionButton
          verdict={can('create_task')}
          size="small"
          variant="outlined"
          onClick={() => setCreating(true)}
        >
          New task
        </ActionButton>
      }
    >
      <Answered query={query}>
        {({ items, total }) => (
          <>
            {items.length === 0 && <StateNote title="No tasks yet" />}
            {items.length > 0 && <TaskTable tasks={items} agents={[agent]} isBrief />}
            {total > items.length && (
              <TextLink to={`/tasks?agent_id=${agent.id}`} sx={{ display: 'block', p: 2 }}>
                All {total} tasks
              </TextLink>
            )}
          </>
        )}
      </Answered>
      {isCreating && (
        <CreateTaskDialog
          agentId={agent.id}
          onClose={() => setCreating(false)}
          onCreated={({ id }) => navigate(`/tasks/${id}`)}
        />
      )}
    </Panel>
  );
}

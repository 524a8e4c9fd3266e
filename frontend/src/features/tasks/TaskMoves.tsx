import Stack from '@mui/material/Stack';
import { useCan } from '@/api/me';
import { problemOf } from '@/api/problem';
import { all, when } from '@/lib/can';
import { ActionButton } from '@/ui/ActionButton';
import { useNotify } from '@/ui/Notices';
import { type Task, type TaskAgent, useMoveTask } from './queries';
import { moveLabels, movesOf } from './status';

interface TaskMovesProps {
  task: Task;
  /** The task's agent; undefined while it is not known. */
  agent: TaskAgent | undefined;
  size?: 'small' | 'medium';
}

/** The buttons that run, cancel and retry a task: those that fit its status. */
export function TaskMoves({ task, agent, size = 'medium' }: TaskMovesProps) {
  const can = useCan();
  const notify = useNotify();
  const move = useMoveTask();
  const moves = movesOf(task);
  if (moves.length === 0) return null;
  const isReady = agent === undefined || agent.status === 'running';
  return (
    <Stack direction="row" sx={{ gap: 1, display: 'inline-flex' }}>
      {moves.map((each, index) => (
        <ActionButton
          key={each}
          verdict={all(
            can(each === 'cancel' ? 'change_task' : 'run_task', task),
            when(each === 'cancel' || isReady, `Start ${agent?.name ?? 'its agent'} first.`),
          )}
          size={size}
          variant={index === 0 && size === 'medium' && each !== 'cancel' ? 'contained' : 'outlined'}
          aria-label={`${moveLabels[each]} ${task.name}`}
          loading={move.isPending && move.variables.move === each}
          onClick={() =>
            move.mutate(
              { id: task.id, move: each },
              {
                onError: (error) => notify(problemOf(error).detail),
              },
            )
          }
        >
          {moveLabels[each]}
        </ActionButton>
      ))}
    </Stack>
  );
}

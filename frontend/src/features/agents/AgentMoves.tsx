import Stack from '@mui/material/Stack';
import { useCan } from '@/api/me';
import { problemOf } from '@/api/problem';
import { ActionButton } from '@/ui/ActionButton';
import { useNotify } from '@/ui/Notices';
import { type Agent, useMoveAgent } from './queries';
import { moveLabels, movesOf } from './status';

interface AgentMovesProps {
  agent: Pick<Agent, 'id' | 'name' | 'status'>;
  size?: 'small' | 'medium';
}

/** The buttons that start, stop, pause and resume an agent: those that fit its status. */
export function AgentMoves({ agent, size = 'medium' }: AgentMovesProps) {
  const can = useCan();
  const notify = useNotify();
  const move = useMoveAgent(agent.id);
  return (
    <Stack direction="row" sx={{ gap: 1, display: 'inline-flex' }}>
      {movesOf(agent.status).map((each, index) => (
        <ActionButton
          key={each}
          verdict={can('run_agent')}
          size={size}
          variant={index === 0 && size === 'medium' ? 'contained' : 'outlined'}
          aria-label={`${moveLabels[each]} ${agent.name}`}
          loading={move.isPending && move.variables === each}
          onClick={() =>
            move.mutate(each, {
              onError: (error) => notify(problemOf(error).detail),
            })
          }
        >
          {moveLabels[each]}
        </ActionButton>
      ))}
    </Stack>
  );
}

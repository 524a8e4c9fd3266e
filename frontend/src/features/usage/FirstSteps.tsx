import Box from '@mui/material/Box';
import { useQuery } from '@tanstack/react-query';
import { Panel } from '@/ui/Panel';
import { StatusMark } from '@/ui/StatusMark';
import { TextLink } from '@/ui/TextLink';
import { agentCountQuery, taskCountQuery } from './queries';

/** The way from an empty organisation to a first result; gone once there is one. */
export function FirstSteps() {
  const agents = useQuery(agentCountQuery()).data;
  const running = useQuery(agentCountQuery('running')).data;
  const completed = useQuery(taskCountQuery('completed')).data;
  if (agents === undefined || running === undefined || completed !== 0) return null;
  const steps = [
    { text: 'Create an agent', isDone: agents > 0, to: '/agents' },
    { text: 'Start it', isDone: running > 0, to: '/agents' },
    { text: 'Give it a task and execute it', isDone: false, to: '/tasks' },
  ];
  const next = steps.findIndex(({ isDone }) => !isDone);
  return (
    <Panel title="First steps">
      <Box component="ol" sx={{ m: 0, p: 0, listStyle: 'none', display: 'grid', gap: 1 }}>
        {steps.map(({ text, isDone, to }, index) => (
          <Box component="li" key={text} sx={{ display: 'flex', gap: 2, alignItems: 'baseline' }}>
            <Box sx={{ width: 64 }}>
              <StatusMark
                tone={isDone ? 'good' : index === next ? 'moving' : 'still'}
                label={isDone ? 'Done' : index === next ? 'Next' : 'Later'}
              />
            </Box>
            {index === next ? <TextLink to={to}>{text}</TextLink> : <span>{text}</span>}
          </Box>
        ))}
      </Box>
    </Panel>
  );
}

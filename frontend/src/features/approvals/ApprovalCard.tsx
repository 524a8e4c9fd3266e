import Box from '@mui/material/Box';
import Stack from '@mui/material/Stack';
import { useState } from 'react';
import { useCan } from '@/api/me';
import { indented } from '@/lib/indented';
import { ActionButton } from '@/ui/ActionButton';
import { Ago } from '@/ui/Ago';
import { Facts } from '@/ui/Facts';
import { Panel } from '@/ui/Panel';
import { TextLink } from '@/ui/TextLink';
import { TextView } from '@/ui/TextView';
import { DecideDialog } from './DecideDialog';
import type { Approval, Decision } from './queries';

/** One call that waits: whose it is, exactly what would be called, and the two answers. */
export function ApprovalCard({ approval }: { approval: Approval }) {
  const can = useCan();
  const [deciding, setDeciding] = useState<Decision | null>(null);
  const { task_id, task_name, agent_id, agent_name, tool, shown_text } = approval;
  const verdict = can('approve_task');
  return (
    <Panel
      title={tool}
      actions={
        <Stack direction="row" sx={{ gap: 1 }}>
          <ActionButton
            verdict={verdict}
            size="small"
            variant="outlined"
            color="error"
            aria-label={`Deny ${tool} for ${task_name}`}
            onClick={() => setDeciding('deny')}
          >
            Deny
          </ActionButton>
          <ActionButton
            verdict={verdict}
            size="small"
            variant="contained"
            aria-label={`Approve ${tool} for ${task_name}`}
            onClick={() => setDeciding('approve')}
          >
            Approve
          </ActionButton>
        </Stack>
      }
    >
      <Box
        sx={{
          display: 'grid',
          gap: 2.5,
          gridTemplateColumns: { xs: 'minmax(0, 1fr)', md: 'minmax(0, 3fr) minmax(0, 2fr)' },
        }}
      >
        {shown_text === null ? (
          <Box sx={{ color: 'text.secondary' }}>What was asked is no longer kept.</Box>
        ) : (
          <TextView text={indented(shown_text)} label={`call of ${tool}`} />
        )}
        <Facts
          facts={[
            [
              'Task',
              <TextLink key="task" to={`/tasks/${task_id}`}>
                {task_name}
              </TextLink>,
            ],
            [
              'Agent',
              <TextLink key="agent" to={`/agents/${agent_id}`}>
                {agent_name ?? 'A deleted agent'}
              </TextLink>,
            ],
            ['Step', approval.step],
            ['Asked', <Ago key="asked" time={approval.asked_at} />],
            ['Too late', <Ago key="expires" time={approval.expires_at} />],
            [
              'Hash',
              <Box key="hash" component="code" sx={{ overflowWrap: 'anywhere' }}>
                {approval.shown_hash}
              </Box>,
            ],
          ]}
        />
      </Box>
      {deciding !== null && (
        <DecideDialog approval={approval} decision={deciding} onClose={() => setDeciding(null)} />
      )}
    </Panel>
  );
}

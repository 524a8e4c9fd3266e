import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import { type ReactNode, useState } from 'react';
import { Link, useNavigate } from 'react-router';
import { useCan } from '@/api/me';
import { ActionButton } from '@/ui/ActionButton';
import { Page } from '@/ui/Page';
import { TextLink } from '@/ui/TextLink';
import { AgentFacts } from './AgentFacts';
import { AgentMoves } from './AgentMoves';
import { AgentStatusMark } from './AgentStatusMark';
import { DeleteAgentDialog } from './DeleteAgentDialog';
import { EditAgentDialog } from './EditAgentDialog';
import { PauseAndCancel } from './PauseAndCancel';
import type { Agent } from './queries';

interface AgentViewProps {
  agent: Agent;
  tasks: ReactNode;
  budget: ReactNode;
  history: ReactNode;
}

export function AgentView({ agent, tasks, budget, history }: AgentViewProps) {
  const navigate = useNavigate();
  const can = useCan();
  const [dialog, setDialog] = useState<'edit' | 'delete' | null>(null);
  const mayChange = can('change_agent', agent);
  return (
    <Page
      title={agent.name}
      lead={agent.description === '' ? undefined : agent.description}
      above={<TextLink to="/agents">Agents</TextLink>}
      aside={<AgentStatusMark status={agent.status} />}
      actions={
        <>
          <AgentMoves agent={agent} />
          {agent.status === 'running' && <PauseAndCancel agent={agent} />}
          <Button component={Link} to={`/agents/${agent.id}/conversations`} variant="outlined">
            Talk
          </Button>
          <ActionButton verdict={mayChange} variant="outlined" onClick={() => setDialog('edit')}>
            Edit
          </ActionButton>
          <ActionButton
            verdict={mayChange}
            variant="outlined"
            color="error"
            onClick={() => setDialog('delete')}
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
          {tasks}
          {history}
        </Box>
        <Box sx={{ display: 'grid', gap: 2.5, minWidth: 0 }}>
          <AgentFacts agent={agent} />
          {budget}
        </Box>
      </Box>
      {dialog === 'edit' && <EditAgentDialog agent={agent} onClose={() => setDialog(null)} />}
      {dialog === 'delete' && (
        <DeleteAgentDialog
          agent={agent}
          onClose={() => setDialog(null)}
          onDeleted={() => navigate('/agents')}
        />
      )}
    </Page>
  );
}

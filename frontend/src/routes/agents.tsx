import AddOutlined from '@mui/icons-material/AddOutlined';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { useCan } from '@/api/me';
import { AgentList } from '@/features/agents/AgentList';
import { CreateAgentDialog } from '@/features/agents/CreateAgentDialog';
import { ActionButton } from '@/ui/ActionButton';
import { Page } from '@/ui/Page';

/** All agents of the organisation. */
export default function Agents() {
  const navigate = useNavigate();
  const can = useCan();
  const [isCreating, setCreating] = useState(false);
  const create = (
    <ActionButton
      verdict={can('create_agent')}
      variant="contained"
      startIcon={<AddOutlined />}
      onClick={() => setCreating(true)}
    >
      New agent
    </ActionButton>
  );
  return (
    <Page title="Agents" lead="What works for you, and what it is doing." actions={create}>
      <AgentList create={create} />
      {isCreating && (
        <CreateAgentDialog
          onClose={() => setCreating(false)}
          onCreated={({ id }) => navigate(`/agents/${id}`)}
        />
      )}
    </Page>
  );
}

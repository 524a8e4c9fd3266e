import Box from '@mui/material/Box';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useParams } from 'react-router';
import { AgentMoves } from '@/features/agents/AgentMoves';
import { AgentStatusMark } from '@/features/agents/AgentStatusMark';
import { agentQuery } from '@/features/agents/queries';
import { Chat } from '@/features/conversations/Chat';
import { ConversationList } from '@/features/conversations/ConversationList';
import { NewChat } from '@/features/conversations/NewChat';
import { conversationQuery } from '@/features/conversations/queries';
import { Answered } from '@/ui/Answered';
import { AnsweredPage } from '@/ui/AnsweredPage';
import { Page } from '@/ui/Page';
import { Panel } from '@/ui/Panel';
import { TextLink } from '@/ui/TextLink';

interface ShownProps {
  id: string;
  agent: { id: string; name: string; isRunning: boolean };
}

/** The conversation of the address. */
function Shown({ id, agent }: ShownProps) {
  const navigate = useNavigate();
  const query = useQuery(conversationQuery(id));
  const list = `/agents/${agent.id}/conversations`;
  if (query.data === undefined) {
    return <Panel>{<Answered query={query}>{() => null}</Answered>}</Panel>;
  }
  return <Chat conversation={query.data} agent={agent} onRemoved={() => navigate(list)} />;
}

/** Talking with an agent: its conversations, and the one that is open or begins. */
export default function Conversations() {
  const { id = '', conversation } = useParams();
  const navigate = useNavigate();
  return (
    <AnsweredPage query={useQuery(agentQuery(id))} title="Conversations">
      {(agent) => {
        const shown = { id: agent.id, name: agent.name, isRunning: agent.status === 'running' };
        return (
          <Page
            title={`Talk with ${agent.name}`}
            above={<TextLink to={`/agents/${agent.id}`}>{agent.name}</TextLink>}
            aside={<AgentStatusMark status={agent.status} />}
            actions={<AgentMoves agent={agent} />}
          >
            <Box
              sx={{
                display: 'grid',
                gap: 2.5,
                gridTemplateColumns: { xs: 'minmax(0, 1fr)', md: 'minmax(0, 1fr) 280px' },
                alignItems: 'start',
              }}
            >
              {conversation === undefined ? (
                <NewChat
                  agent={shown}
                  onBegun={(begun) => navigate(`/agents/${agent.id}/conversations/${begun.id}`)}
                />
              ) : (
                <Shown key={conversation} id={conversation} agent={shown} />
              )}
              <ConversationList agent={agent.id} current={conversation} />
            </Box>
          </Page>
        );
      }}
    </AnsweredPage>
  );
}

import ForumOutlined from '@mui/icons-material/ForumOutlined';
import Box from '@mui/material/Box';
import { useCan } from '@/api/me';
import { problemOf } from '@/api/problem';
import { all, when } from '@/lib/can';
import { useSubmissionKey } from '@/lib/useSubmissionKey';
import { useNotify } from '@/ui/Notices';
import { Panel } from '@/ui/Panel';
import { StateNote } from '@/ui/States';
import { Composer } from './Composer';
import { type Conversation, useBeginConversation } from './queries';

interface NewChatProps {
  agent: { id: string; name: string; isRunning: boolean };
  onBegun: (conversation: Conversation) => void;
}

/** A conversation that begins with what is said first. */
export function NewChat({ agent, onBegun }: NewChatProps) {
  const can = useCan();
  const notify = useNotify();
  const submissionKey = useSubmissionKey();
  const begin = useBeginConversation(agent.id);

  async function say(message: string): Promise<boolean> {
    const body = { message };
    try {
      onBegun(await begin.mutateAsync({ body, headers: submissionKey(body) }));
      return true;
    } catch (error) {
      notify(problemOf(error).detail);
      return false;
    }
  }

  return (
    <Panel title="New conversation" isFlush>
      <StateNote icon={<ForumOutlined />} title={`Talk with ${agent.name}`}>
        Each answer knows what was said before it.
      </StateNote>
      <Box sx={{ p: 2.5, borderTop: 1, borderColor: 'divider' }}>
        <Composer
          verdict={all(can('create_task'), when(agent.isRunning, `Start ${agent.name} first.`))}
          isSending={begin.isPending}
          onSend={say}
        />
      </Box>
    </Panel>
  );
}

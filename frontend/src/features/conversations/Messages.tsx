import Box from '@mui/material/Box';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { useEffect, useRef } from 'react';
import type { Draft } from '@/api/draft';
import { useMe } from '@/api/me';
import { Ago } from '@/ui/Ago';
import { LiveText } from '@/ui/LiveText';
import { TextLink } from '@/ui/TextLink';
import type { ConversationWithMessages, Message } from './queries';

interface MessagesProps {
  conversation: ConversationWithMessages;
  agentName: string;
  /** The answer that is coming in. */
  draft: Draft | null;
}

/** What was said, and the answer that is coming in. */
export function Messages({ conversation, agentName, draft }: MessagesProps) {
  const { messages, earlier_turns, status } = conversation;
  const me = useMe().user.id;
  const end = useRef<HTMLDivElement>(null);
  const length = draft?.text.length ?? 0;
  const count = messages.length;
  useEffect(() => {
    // The newest is what is read; nothing is scrolled before there is anything.
    if (count > 0 || length > 0) end.current?.scrollIntoView({ block: 'nearest' });
  }, [count, length]);
  const isOpen = status === 'running' || status === 'pending';
  return (
    <Box
      role="log"
      aria-label="Messages"
      sx={{ maxHeight: { md: 'calc(100vh - 330px)' }, minHeight: { md: 260 }, overflowY: 'auto' }}
    >
      <Stack component="ol" sx={{ listStyle: 'none', m: 0, p: 2.5, gap: 2.5 }}>
        {earlier_turns > 0 && (
          <Typography component="li" variant="body2" sx={{ color: 'text.secondary' }}>
            {earlier_turns} earlier {earlier_turns === 1 ? 'turn' : 'turns'}
          </Typography>
        )}
        {messages.map((message) => (
          <Said
            key={`${message.task_id} ${message.role}`}
            message={message}
            speaker={message.role === 'user' ? nameOf(message.author, me) : agentName}
          />
        ))}
        {count > 0 && isOpen && (
          <Box component="li">
            <Speaker name={agentName} />
            {length === 0 ? (
              <Typography sx={{ color: 'text.secondary' }}>
                {status === 'pending' ? 'Waits for a worker …' : 'Thinks …'}
              </Typography>
            ) : (
              <LiveText label="Answer so far" text={draft?.text ?? ''} />
            )}
          </Box>
        )}
      </Stack>
      <div ref={end} />
    </Box>
  );
}

/** What is written over what somebody said. */
function nameOf({ type, id, name }: Message['author'], me: string): string {
  if (id === me) return 'You';
  return name ?? (type === 'user' ? 'User' : 'Program');
}

function Speaker({ name, time }: { name: string; time?: string }) {
  return (
    <Stack direction="row" sx={{ gap: 1, alignItems: 'baseline', mb: 0.5 }}>
      <Typography variant="h3" component="span">
        {name}
      </Typography>
      {time !== undefined && (
        <Typography variant="caption" sx={{ color: 'text.secondary' }}>
          <Ago time={time} />
        </Typography>
      )}
    </Stack>
  );
}

function Said({ message, speaker }: { message: Message; speaker: string }) {
  const isUser = message.role === 'user';
  return (
    <Box
      component="li"
      sx={
        isUser
          ? {
              bgcolor: 'background.sunken',
              border: 1,
              borderColor: 'divider',
              borderRadius: '10px',
              px: 2,
              py: 1.5,
              ml: { sm: 6 },
            }
          : { pr: { sm: 6 } }
      }
    >
      <Speaker name={speaker} time={message.created_at} />
      <Box sx={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere', lineHeight: 1.6 }}>
        {message.content}
      </Box>
      {isUser && <Outcome message={message} />}
    </Box>
  );
}

/** Why no answer came, where none will. */
function Outcome({ message: { status, error, task_id } }: { message: Message }) {
  const why = {
    failed: `No answer: ${error?.message ?? 'the agent failed.'}`,
    cancelled: 'Cancelled.',
    waiting_approval: 'A call waits for approval.',
    pending: null,
    running: null,
    completed: null,
  }[status];
  if (why === null) return null;
  return (
    <Typography
      variant="body2"
      sx={{ mt: 1, color: status === 'failed' ? 'error.main' : 'text.secondary' }}
    >
      {why}{' '}
      <TextLink to={status === 'waiting_approval' ? '/approvals' : `/tasks/${task_id}`}>
        Details
      </TextLink>
    </Typography>
  );
}

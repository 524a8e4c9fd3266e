import Box from '@mui/material/Box';
import { useState } from 'react';
import { useCan } from '@/api/me';
import { problemOf } from '@/api/problem';
import { useDraft } from '@/api/useDraft';
import { all, when } from '@/lib/can';
import { useSubmissionKey } from '@/lib/useSubmissionKey';
import { ActionButton } from '@/ui/ActionButton';
import { ConfirmDialog } from '@/ui/ConfirmDialog';
import { useNotify } from '@/ui/Notices';
import { Panel } from '@/ui/Panel';
import { Composer } from './Composer';
import { Messages } from './Messages';
import {
  type ConversationWithMessages,
  useCancelTurn,
  useRemoveConversation,
  useSendMessage,
} from './queries';

interface ChatProps {
  conversation: ConversationWithMessages;
  agent: { name: string; isRunning: boolean };
  onRemoved: () => void;
}

/** One conversation: what was said, the answer as it comes, and what is said next. */
export function Chat({ conversation, agent, onRemoved }: ChatProps) {
  const can = useCan();
  const notify = useNotify();
  const [isRemoving, setRemoving] = useState(false);
  const submissionKey = useSubmissionKey();
  const send = useSendMessage(conversation);
  const cancel = useCancelTurn(conversation);
  const remove = useRemoveConversation(conversation);
  const isOpen =
    conversation.messages.length > 0 &&
    ['pending', 'running', 'waiting_approval'].includes(conversation.status);
  const draft = useDraft(isOpen ? conversation.last_task_id : null);
  const own = can('change_task', conversation);

  async function say(content: string): Promise<boolean> {
    const body = { content };
    // The version is part of the key: the same words again, later, are another message.
    const headers = submissionKey({ ...body, version: conversation.version });
    try {
      await send.mutateAsync({ body, headers });
      return true;
    } catch (error) {
      notify(problemOf(error).detail);
      return false;
    }
  }

  return (
    <Panel
      title={conversation.title}
      isFlush
      actions={
        <>
          {isOpen && (
            <ActionButton
              verdict={own}
              size="small"
              variant="outlined"
              loading={cancel.isPending}
              onClick={() =>
                cancel.mutate(undefined, { onError: (error) => notify(problemOf(error).detail) })
              }
            >
              Cancel
            </ActionButton>
          )}
          <ActionButton
            verdict={all(own, when(!isOpen, 'Cancel the answer first.'))}
            size="small"
            variant="outlined"
            color="error"
            onClick={() => setRemoving(true)}
          >
            Delete
          </ActionButton>
        </>
      }
    >
      <Messages conversation={conversation} agentName={agent.name} draft={draft} />
      <Box sx={{ p: 2.5, borderTop: 1, borderColor: 'divider' }}>
        <Composer
          verdict={all(
            own,
            when(agent.isRunning, `Start ${agent.name} first.`),
            when(!isOpen, 'Wait for the answer, or cancel it.'),
          )}
          isSending={send.isPending}
          onSend={say}
        />
      </Box>
      {isRemoving && (
        <ConfirmDialog
          title={`Delete ${conversation.title}?`}
          confirmLabel="Delete conversation"
          isDestructive
          isSending={remove.isPending}
          error={remove.error}
          onConfirm={() => remove.mutate(undefined, { onSuccess: onRemoved })}
          onClose={() => setRemoving(false)}
        >
          All that was said leaves the lists. Its history stays in the audit log.
        </ConfirmDialog>
      )}
    </Panel>
  );
}

import { useState } from 'react';
import { useCan } from '@/api/me';
import { ActionButton } from '@/ui/ActionButton';
import { ConfirmDialog } from '@/ui/ConfirmDialog';
import { type Agent, useMoveAgent } from './queries';

interface PauseAndCancelProps {
  agent: Pick<Agent, 'id' | 'name'>;
}

/** Pauses an agent that must not go on with what it is at, after a question. */
export function PauseAndCancel({ agent }: PauseAndCancelProps) {
  const can = useCan();
  const [isAsking, setAsking] = useState(false);
  const move = useMoveAgent(agent.id);
  return (
    <>
      <ActionButton verdict={can('run_agent')} variant="outlined" onClick={() => setAsking(true)}>
        Pause and cancel
      </ActionButton>
      {isAsking && (
        <ConfirmDialog
          title={`Pause ${agent.name} and cancel its tasks?`}
          confirmLabel="Pause and cancel"
          isDestructive
          isSending={move.isPending}
          error={move.error}
          onConfirm={() => move.mutate('pause_and_cancel', { onSuccess: () => setAsking(false) })}
          onClose={() => setAsking(false)}
        >
          What it is running ends at once as cancelled, and can be retried later. Paused without
          this, it brings that to its end.
        </ConfirmDialog>
      )}
    </>
  );
}

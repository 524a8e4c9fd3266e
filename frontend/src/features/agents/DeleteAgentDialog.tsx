import { ConfirmDialog } from '@/ui/ConfirmDialog';
import { type Agent, useTerminateAgent } from './queries';

interface DeleteAgentDialogProps {
  agent: Pick<Agent, 'id' | 'name'>;
  onClose: () => void;
  onDeleted: () => void;
}

export function DeleteAgentDialog({ agent, onClose, onDeleted }: DeleteAgentDialogProps) {
  const terminate = useTerminateAgent(agent.id);
  return (
    <ConfirmDialog
      title={`Delete ${agent.name}?`}
      confirmLabel="Delete agent"
      isDestructive
      isSending={terminate.isPending}
      error={terminate.error}
      onConfirm={() => terminate.mutate(undefined, { onSuccess: onDeleted })}
      onClose={onClose}
    >
      It takes no more tasks and cannot be brought back. Its history stays in the audit log.
    </ConfirmDialog>
  );
}

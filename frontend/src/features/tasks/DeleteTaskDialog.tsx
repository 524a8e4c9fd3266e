import { ConfirmDialog } from '@/ui/ConfirmDialog';
import { type Task, useWithdrawTask } from './queries';

interface DeleteTaskDialogProps {
  task: Pick<Task, 'id' | 'name'>;
  onClose: () => void;
  onDeleted: () => void;
}

export function DeleteTaskDialog({ task, onClose, onDeleted }: DeleteTaskDialogProps) {
  const withdraw = useWithdrawTask(task.id);
  return (
    <ConfirmDialog
      title={`Delete ${task.name}?`}
      confirmLabel="Delete task"
      isDestructive
      isSending={withdraw.isPending}
      error={withdraw.error}
      onConfirm={() => withdraw.mutate(undefined, { onSuccess: onDeleted })}
      onClose={onClose}
    >
      It leaves the lists, with its result. Its history stays in the audit log.
    </ConfirmDialog>
  );
}

import Stack from '@mui/material/Stack';
import { useState } from 'react';
import { useCan } from '@/api/me';
import { problemOf } from '@/api/problem';
import { ActionButton } from '@/ui/ActionButton';
import { ConfirmDialog } from '@/ui/ConfirmDialog';
import { useNotify } from '@/ui/Notices';
import { EditScheduleDialog } from './EditScheduleDialog';
import { type Schedule, useChangeSchedule, useRemoveSchedule } from './scheduleQueries';

/** Pausing a schedule and letting it go on, changing it, and ending it. */
export function ScheduleActions({ schedule }: { schedule: Schedule }) {
  const verdict = useCan()('change_task', schedule);
  const notify = useNotify();
  const [dialog, setDialog] = useState<'edit' | 'delete' | null>(null);
  const change = useChangeSchedule(schedule);
  const remove = useRemoveSchedule(schedule.id);
  const move = schedule.enabled ? 'Pause' : 'Resume';
  return (
    <Stack direction="row" sx={{ gap: 1, flexWrap: 'wrap', justifyContent: { md: 'flex-end' } }}>
      <ActionButton
        verdict={verdict}
        size="small"
        variant="outlined"
        aria-label={`${move} ${schedule.name}`}
        loading={change.isPending}
        onClick={() =>
          change.mutate(
            { enabled: !schedule.enabled },
            { onError: (error) => notify(problemOf(error).detail) },
          )
        }
      >
        {move}
      </ActionButton>
      <ActionButton
        verdict={verdict}
        size="small"
        variant="outlined"
        aria-label={`Edit ${schedule.name}`}
        onClick={() => setDialog('edit')}
      >
        Edit
      </ActionButton>
      <ActionButton
        verdict={verdict}
        size="small"
        variant="outlined"
        color="error"
        aria-label={`Delete ${schedule.name}`}
        onClick={() => setDialog('delete')}
      >
        Delete
      </ActionButton>
      {dialog === 'edit' && (
        <EditScheduleDialog schedule={schedule} onClose={() => setDialog(null)} />
      )}
      {dialog === 'delete' && (
        <ConfirmDialog
          title={`Delete ${schedule.name}?`}
          confirmLabel="Delete schedule"
          isDestructive
          isSending={remove.isPending}
          error={remove.error}
          onConfirm={() => remove.mutate(undefined, { onSuccess: () => setDialog(null) })}
          onClose={() => setDialog(null)}
        >
          It makes no more tasks. Those that it made stay.
        </ConfirmDialog>
      )}
    </Stack>
  );
}

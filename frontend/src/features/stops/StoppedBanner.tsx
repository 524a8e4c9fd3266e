import Alert from '@mui/material/Alert';
import { useQuery } from '@tanstack/react-query';
import { useCan } from '@/api/me';
import { problemOf } from '@/api/problem';
import { ActionButton } from '@/ui/ActionButton';
import { Ago } from '@/ui/Ago';
import { useNotify } from '@/ui/Notices';
import { useReopenWork, workQuery } from './queries';

/** Says on every page that all work is stopped, and lets it go on. */
export function StoppedBanner() {
  const can = useCan();
  const notify = useNotify();
  const reopen = useReopenWork();
  const stoppedAt = useQuery(workQuery).data?.work_stopped_at ?? null;
  if (stoppedAt === null) return null;
  return (
    <Alert
      severity="error"
      sx={{ borderRadius: 0, alignItems: 'center' }}
      action={
        <ActionButton
          verdict={can('stop_work')}
          color="inherit"
          size="small"
          variant="outlined"
          loading={reopen.isPending}
          onClick={() =>
            reopen.mutate(undefined, { onError: (error) => notify(problemOf(error).detail) })
          }
        >
          Let it go on
        </ActionButton>
      }
    >
      All work is stopped since <Ago time={stoppedAt} />. No task begins until it goes on.
    </Alert>
  );
}

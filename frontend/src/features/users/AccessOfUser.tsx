import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Stack from '@mui/material/Stack';
import { problemOf } from '@/api/problem';
import { useNotify } from '@/ui/Notices';
import { useEndSessionsOf, useSendResetLink } from './queries';

/** What an administrator does about someone's access without ever knowing a password. */
export function AccessOfUser({ id, name }: { id: string; name: string }) {
  const notify = useNotify();
  const reset = useSendResetLink(id);
  const end = useEndSessionsOf(id);
  const onError = (error: unknown) => notify(problemOf(error).detail);
  return (
    <Box component="fieldset" sx={{ border: 0, p: 0, m: 0 }}>
      <Box component="legend" sx={{ color: 'text.secondary', fontSize: '0.875rem', mb: 1, p: 0 }}>
        Access
      </Box>
      <Stack direction="row" sx={{ gap: 1, flexWrap: 'wrap' }}>
        <Button
          size="small"
          variant="outlined"
          loading={reset.isPending}
          onClick={() =>
            reset.mutate(undefined, {
              onSuccess: () => notify(`A link to choose a new password goes to ${name}`),
              onError,
            })
          }
        >
          Send a link to reset the password
        </Button>
        <Button
          size="small"
          variant="outlined"
          color="error"
          loading={end.isPending}
          onClick={() =>
            end.mutate(undefined, {
              onSuccess: () => notify(`${name} is signed out everywhere`),
              onError,
            })
          }
        >
          End all sessions
        </Button>
      </Stack>
    </Box>
  );
}

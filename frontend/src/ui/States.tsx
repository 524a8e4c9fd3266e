/** The four states every page designs: loading, empty, failed, refused. */
import CloudOffOutlined from '@mui/icons-material/CloudOffOutlined';
import ErrorOutlineOutlined from '@mui/icons-material/ErrorOutlineOutlined';
import LockOutlined from '@mui/icons-material/LockOutlined';
import TravelExploreOutlined from '@mui/icons-material/TravelExploreOutlined';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Skeleton from '@mui/material/Skeleton';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import type { ReactNode } from 'react';
import { type Problem, problemOf } from '@/api/problem';

interface StateNoteProps {
  icon?: ReactNode;
  title: string;
  children?: ReactNode;
  action?: ReactNode;
}

/** A quiet note in the middle of where content would be. */
export function StateNote({ icon, title, children, action }: StateNoteProps) {
  return (
    <Stack
      sx={{ alignItems: 'center', textAlign: 'center', px: 3, py: { xs: 5, sm: 7 }, gap: 1.25 }}
    >
      {icon !== undefined && (
        <Box
          aria-hidden
          sx={{
            display: 'grid',
            placeItems: 'center',
            width: 48,
            height: 48,
            mb: 0.5,
            borderRadius: '14px',
            color: 'primary.main',
            bgcolor: 'primary.light',
          }}
        >
          {icon}
        </Box>
      )}
      <Typography variant="h2" component="p">
        {title}
      </Typography>
      {children !== undefined && (
        <Typography
          component="div"
          variant="body2"
          sx={{ color: 'text.secondary', maxWidth: '46ch' }}
        >
          {children}
        </Typography>
      )}
      {action !== undefined && <Box sx={{ mt: 1 }}>{action}</Box>}
    </Stack>
  );
}

/** Grey lines in the shape of a list. */
export function LoadingLines({ lines = 5 }: { lines?: number }) {
  return (
    <Box role="status" aria-label="Loading" sx={{ px: 2.5, py: 2 }}>
      {Array.from({ length: lines }, (_, line) => (
        <Skeleton
          // biome-ignore lint/suspicious/noArrayIndexKey: the lines are all alike and never move
          key={line}
          height={34}
          width={`${92 - ((line * 17) % 38)}%`}
        />
      ))}
    </Box>
  );
}

interface FailedProps {
  error: unknown;
  onRetry?: () => void;
}

/** Why content is missing, and the way on: signed-in users without the right learn whom to ask. */
export function Failed({ error, onRetry }: FailedProps) {
  const problem = problemOf(error);
  const { title, icon, text } = explain(problem);
  const canRetry = onRetry !== undefined && problem.status !== 403 && problem.status !== 404;
  return (
    <Box role="alert">
      <StateNote
        icon={icon}
        title={title}
        action={
          canRetry ? (
            <Button variant="outlined" onClick={onRetry}>
              Try again
            </Button>
          ) : undefined
        }
      >
        {text}
        {problem.request_id !== undefined &&
          problem.request_id !== null &&
          problem.status >= 500 && (
            <Box sx={{ mt: 1 }}>
              Request <code>{problem.request_id}</code>
            </Box>
          )}
      </StateNote>
    </Box>
  );
}

function explain(problem: Problem): { title: string; icon: ReactNode; text: string } {
  const text = problem.detail;
  if (problem.code === 'tenant.suspended') {
    return { title: 'Your organisation is suspended', icon: <LockOutlined />, text };
  }
  switch (problem.status) {
    case 0:
      return { title: problem.title, icon: <CloudOffOutlined />, text };
    case 403:
      return {
        title: 'Your role does not include this',
        icon: <LockOutlined />,
        text: `${text} An admin or the owner of your organisation can help.`,
      };
    case 404:
      return {
        title: 'Not found',
        icon: <TravelExploreOutlined />,
        text: 'It may have been deleted, or it belongs to another organisation.',
      };
    default:
      return { title: 'This did not load', icon: <ErrorOutlineOutlined />, text };
  }
}

/** In place of content that the user's role does not open. */
export function Refused({ reason }: { reason: string }) {
  return (
    <StateNote icon={<LockOutlined />} title="Your role does not include this">
      {reason} Ask one of them if you need it.
    </StateNote>
  );
}

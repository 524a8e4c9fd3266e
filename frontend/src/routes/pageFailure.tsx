import ErrorOutlineOutlined from '@mui/icons-material/ErrorOutlineOutlined';
import Button from '@mui/material/Button';
import { useRouteError } from 'react-router';
import { ProblemError } from '@/api/problem';
import { Failed, StateNote } from '@/ui/States';

/** In place of a page that could not be shown: refused by the API, or its code did not load. */
export default function PageFailure() {
  const error = useRouteError();
  const reload = () => window.location.reload();
  if (error instanceof ProblemError) return <Failed error={error} onRetry={reload} />;
  return (
    <StateNote
      icon={<ErrorOutlineOutlined />}
      title="This page did not open"
      action={
        <Button variant="outlined" onClick={reload}>
          Reload
        </Button>
      }
    >
      A newer version of the dashboard may have been installed, or the connection was lost.
    </StateNote>
  );
}

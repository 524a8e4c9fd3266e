import Button from '@mui/material/Button';
import Dialog from '@mui/material/Dialog';
import DialogActions from '@mui/material/DialogActions';
import DialogContent from '@mui/material/DialogContent';
import DialogTitle from '@mui/material/DialogTitle';
import Stack from '@mui/material/Stack';
import { type ReactNode, useId } from 'react';
import { problemOf } from '@/api/problem';
import { ProblemAlert } from './FormProblem';

interface ConfirmDialogProps {
  title: string;
  children: ReactNode;
  confirmLabel: string;
  isDestructive?: boolean;
  isSending: boolean;
  error: unknown;
  onConfirm: () => void;
  onClose: () => void;
}

/** Asks before something that cannot be taken back lightly. */
export function ConfirmDialog(props: ConfirmDialogProps) {
  const { title, children, confirmLabel, isSending, error, onConfirm, onClose } = props;
  const heading = useId();
  return (
    <Dialog open onClose={onClose} maxWidth="xs" fullWidth aria-labelledby={heading}>
      <DialogTitle id={heading}>{title}</DialogTitle>
      <DialogContent>
        <Stack sx={{ gap: 2, color: 'text.secondary' }}>
          <div>{children}</div>
          {error !== null && <ProblemAlert problem={problemOf(error)} />}
        </Stack>
      </DialogContent>
      <DialogActions>
        <Button onClick={onClose} color="inherit">
          Keep it
        </Button>
        <Button
          variant="contained"
          color={props.isDestructive === true ? 'error' : 'primary'}
          loading={isSending}
          onClick={onConfirm}
        >
          {confirmLabel}
        </Button>
      </DialogActions>
    </Dialog>
  );
}

import Button from '@mui/material/Button';
import Dialog from '@mui/material/Dialog';
import DialogActions from '@mui/material/DialogActions';
import DialogContent from '@mui/material/DialogContent';
import DialogTitle from '@mui/material/DialogTitle';
import { useId } from 'react';
import { formatCount } from '@/lib/numbers';
import type { StoppedWork } from './queries';
import { RunningList } from './RunningList';

interface CutOffDialogProps {
  stopped: StoppedWork;
  onClose: () => void;
}

/** What a stop cut off, each with the last event that still counts. */
export function CutOffDialog({ stopped, onClose }: CutOffDialogProps) {
  const heading = useId();
  const count = stopped.running.length;
  return (
    <Dialog open onClose={onClose} fullWidth maxWidth="sm" aria-labelledby={heading}>
      <DialogTitle id={heading}>All work is stopped</DialogTitle>
      <DialogContent>
        <RunningList
          title={count === 0 ? 'Nothing was running.' : `Cut off: ${formatCount(count)}`}
          tasks={stopped.running.map((attempt) => ({
            id: attempt.task_id,
            name: attempt.task_name,
            since: attempt.started_at,
            note: `${attempt.agent_name ?? 'A deleted agent'}, last event ${attempt.last_position}`,
          }))}
        />
      </DialogContent>
      <DialogActions>
        <Button variant="contained" onClick={onClose}>
          Close
        </Button>
      </DialogActions>
    </Dialog>
  );
}

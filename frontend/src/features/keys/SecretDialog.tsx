import Alert from '@mui/material/Alert';
import Button from '@mui/material/Button';
import Dialog from '@mui/material/Dialog';
import DialogActions from '@mui/material/DialogActions';
import DialogContent from '@mui/material/DialogContent';
import DialogTitle from '@mui/material/DialogTitle';
import TextField from '@mui/material/TextField';
import { useId } from 'react';
import { formatDay } from '@/lib/dates';
import { CopyButton } from '@/ui/CopyButton';
import { monospace } from '@/ui/theme';
import type { CreatedApiKey } from './queries';

/** Shows a new key, once. */
export function SecretDialog({
  created,
  onClose,
}: {
  created: CreatedApiKey;
  onClose: () => void;
}) {
  const heading = useId();
  return (
    <Dialog open maxWidth="sm" fullWidth aria-labelledby={heading}>
      <DialogTitle id={heading}>{created.name} is ready</DialogTitle>
      <DialogContent sx={{ display: 'grid', gap: 2 }}>
        <Alert severity="warning" variant="outlined">
          Copy the key now: it is shown only this once. It works until{' '}
          {formatDay(created.expires_at)}.
        </Alert>
        <TextField
          label="API key"
          value={created.secret}
          slotProps={{
            htmlInput: {
              readOnly: true,
              style: { fontFamily: monospace, fontSize: '0.8125rem' },
            },
            input: { endAdornment: <CopyButton text={created.secret} label="Copy the key" /> },
          }}
        />
        <div>
          Your program sends it as <code>Authorization: Bearer …</code>
        </div>
      </DialogContent>
      <DialogActions>
        <Button variant="contained" onClick={onClose}>
          I have copied it
        </Button>
      </DialogActions>
    </Dialog>
  );
}

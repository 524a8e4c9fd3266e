import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Dialog from '@mui/material/Dialog';
import DialogActions from '@mui/material/DialogActions';
import DialogContent from '@mui/material/DialogContent';
import DialogTitle from '@mui/material/DialogTitle';
import TextField from '@mui/material/TextField';
import { useId } from 'react';
import { formatDateTime } from '@/lib/dates';
import { CopyButton } from '@/ui/CopyButton';
import { monospace } from '@/ui/theme';

interface InvitedDialogProps {
  email: string;
  /** Null when the server has sent the link by mail. */
  link: string | null;
  expiresAt: string;
  onClose: () => void;
}

/** Tells that an invitation is out, and shows its link, once. */
export function InvitedDialog({ email, link, expiresAt, onClose }: InvitedDialogProps) {
  const heading = useId();
  return (
    <Dialog open onClose={onClose} maxWidth="sm" fullWidth aria-labelledby={heading}>
      <DialogTitle id={heading}>{email} is invited</DialogTitle>
      <DialogContent sx={{ display: 'grid', gap: 2 }}>
        <Box sx={{ color: 'text.secondary' }}>
          {link === null
            ? 'A mail with a personal link is on its way.'
            : 'Give them this personal link. It is shown only now and works once.'}{' '}
          It is valid until {formatDateTime(expiresAt)}.
        </Box>
        {link !== null && (
          <TextField
            label="Invitation link"
            value={link}
            multiline
            slotProps={{
              htmlInput: {
                readOnly: true,
                style: { fontFamily: monospace, fontSize: '0.8125rem' },
              },
              input: { endAdornment: <CopyButton text={link} label="Copy the link" /> },
            }}
            sx={{ mt: 0.5 }}
          />
        )}
      </DialogContent>
      <DialogActions>
        <Button variant="contained" onClick={onClose}>
          Done
        </Button>
      </DialogActions>
    </Dialog>
  );
}

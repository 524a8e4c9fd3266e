import Button from '@mui/material/Button';
import Dialog from '@mui/material/Dialog';
import DialogActions from '@mui/material/DialogActions';
import DialogContent from '@mui/material/DialogContent';
import DialogTitle from '@mui/material/DialogTitle';
import { useTheme } from '@mui/material/styles';
import useMediaQuery from '@mui/material/useMediaQuery';
import { type ReactNode, useId } from 'react';
import { Form } from './Form';

interface FormDialogProps {
  title: string;
  onClose: () => void;
  onSubmit: () => void;
  error: unknown;
  isSending: boolean;
  submitLabel: string;
  isDestructive?: boolean;
  /** A second way to send the form. */
  alternative?: { label: string; onSubmit: () => void } | undefined;
  children: ReactNode;
}

/** A form in a dialog; it fills narrow screens. */
export function FormDialog(props: FormDialogProps) {
  const { title, onClose, onSubmit, error, isSending, submitLabel, alternative, children } = props;
  const form = useId();
  const heading = useId();
  const isNarrow = useMediaQuery(useTheme().breakpoints.down('sm'));
  return (
    <Dialog
      open
      onClose={onClose}
      fullWidth
      maxWidth="sm"
      fullScreen={isNarrow}
      aria-labelledby={heading}
    >
      <DialogTitle id={heading}>{title}</DialogTitle>
      <DialogContent sx={{ pt: '8px !important' }}>
        <Form id={form} label={title} onSubmit={onSubmit} error={error}>
          {children}
        </Form>
      </DialogContent>
      <DialogActions>
        <Button onClick={onClose} color="inherit">
          Cancel
        </Button>
        {alternative !== undefined && (
          <Button
            disabled={isSending}
            onClick={() => {
              // Not a submit button: Enter in a field means the main one.
              const element = document.getElementById(form);
              const isReady = element instanceof HTMLFormElement && element.reportValidity();
              if (isReady) alternative.onSubmit();
            }}
          >
            {alternative.label}
          </Button>
        )}
        <Button
          type="submit"
          form={form}
          variant="contained"
          color={props.isDestructive === true ? 'error' : 'primary'}
          loading={isSending}
        >
          {submitLabel}
        </Button>
      </DialogActions>
    </Dialog>
  );
}

import Stack from '@mui/material/Stack';
import { type ReactNode, useEffect, useRef } from 'react';

interface FormProps {
  /** Names the form for people who do not see it. */
  label: string;
  onSubmit: () => void;
  /** The last refusal; when it changes, the first field it speaks of takes the focus. */
  error: unknown;
  /** Lets a button outside the form send it. */
  id?: string;
  children: ReactNode;
}

/** A column of fields that is sent as one. */
export function Form({ label, onSubmit, error, id, children }: FormProps) {
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (error === null) return;
    form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [error]);
  return (
    <form
      ref={form}
      id={id}
      aria-label={label}
      onSubmit={(event) => {
        event.preventDefault();
        // A form in a dialog inside another form's page must not send that one as well.
        event.stopPropagation();
        onSubmit();
      }}
    >
      <Stack sx={{ gap: 2.25 }}>{children}</Stack>
    </form>
  );
}

import TextField, { type TextFieldProps } from '@mui/material/TextField';

export type FieldProps = Omit<TextFieldProps, 'error' | 'helperText' | 'onChange' | 'value'> & {
  label: string;
  value: string;
  onChange: (value: string) => void;
  /** What is wrong with the value, in place of the help. */
  problem?: string | undefined;
  help?: string;
};

/** A labelled text field with its help or what is wrong with it. */
export function Field({ problem, help, onChange, ...field }: FieldProps) {
  return (
    <TextField
      {...field}
      error={problem !== undefined}
      helperText={problem ?? help}
      onChange={(event) => onChange(event.target.value)}
    />
  );
}

import MenuItem from '@mui/material/MenuItem';
import TextField from '@mui/material/TextField';

const lives = [7, 30, 90, 180, 365] as const;

/** How long a key lives; the API allows a year at most. */
export function LifeField(props: { value: number; onChange: (days: number) => void }) {
  return (
    <TextField
      select
      label="It ends after"
      value={props.value}
      helperText="Rotate it before, and your programs go on without a pause."
      onChange={({ target }) => props.onChange(Number(target.value))}
    >
      {lives.map((days) => (
        <MenuItem key={days} value={days}>
          {days} days
        </MenuItem>
      ))}
    </TextField>
  );
}

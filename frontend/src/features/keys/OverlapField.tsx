import MenuItem from '@mui/material/MenuItem';
import TextField from '@mui/material/TextField';

const overlaps = [
  [0, 'Not at all'],
  [1, 'For an hour'],
  [24, 'For a day'],
] as const;

/** How long the old key goes on working beside the new one. */
export function OverlapField(props: { value: number; onChange: (hours: number) => void }) {
  return (
    <TextField
      select
      label="The old key goes on working"
      value={props.value}
      helperText="Time to bring the new key to your programs."
      onChange={({ target }) => props.onChange(Number(target.value))}
    >
      {overlaps.map(([hours, words]) => (
        <MenuItem key={hours} value={hours}>
          {words}
        </MenuItem>
      ))}
    </TextField>
  );
}

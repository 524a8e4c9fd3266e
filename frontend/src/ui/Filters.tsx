/** The row of filters above a list. */
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import MenuItem from '@mui/material/MenuItem';
import TextField from '@mui/material/TextField';
import { type ReactNode, useRef, useState } from 'react';

interface FilterBarProps {
  isFiltered: boolean;
  onClear: () => void;
  children: ReactNode;
}

/** Lays filters out and clears them together. */
export function FilterBar({ isFiltered, onClear, children }: FilterBarProps) {
  return (
    <Box
      role="search"
      sx={{
        display: 'grid',
        gridTemplateColumns: { xs: '1fr 1fr', md: 'repeat(auto-fit, minmax(190px, 1fr))' },
        columnGap: 1.25,
        rowGap: 1.75,
        p: 2,
        alignItems: 'center',
        borderBottom: 1,
        borderColor: 'divider',
      }}
    >
      {children}
      {isFiltered && (
        <Button size="small" onClick={onClear} sx={{ justifySelf: 'start' }}>
          Clear filters
        </Button>
      )}
    </Box>
  );
}

interface SearchFilterProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
}

const TYPING_PAUSE_MS = 300;

/** Searches when the typing pauses. */
export function SearchFilter({ label, value, onChange }: SearchFilterProps) {
  const [draft, setDraft] = useState({ text: value, of: value });
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  // A value that changed from outside (cleared, gone back) replaces what was typed.
  const text = draft.of === value ? draft.text : value;
  return (
    <TextField
      type="search"
      label={label}
      value={text}
      sx={{ gridColumn: { xs: '1 / -1', md: 'auto' } }}
      onChange={(event) => {
        const typed = event.target.value;
        setDraft({ text: typed, of: value });
        clearTimeout(timer.current);
        timer.current = setTimeout(() => {
          setDraft({ text: typed, of: typed.trim() });
          onChange(typed.trim());
        }, TYPING_PAUSE_MS);
      }}
    />
  );
}

interface ChoiceFilterProps {
  label: string;
  value: string;
  /** Value and word of each choice. */
  choices: readonly (readonly [string, string])[];
  /** An order has no "all". */
  isOrder?: boolean;
  onChange: (value: string) => void;
}

/** One of a few values, or all. */
export function ChoiceFilter({ label, value, choices, isOrder, onChange }: ChoiceFilterProps) {
  return (
    <TextField
      select
      label={label}
      value={value}
      onChange={(event) => onChange(event.target.value)}
      slotProps={{ inputLabel: { shrink: true }, select: { displayEmpty: true } }}
    >
      {isOrder !== true && <MenuItem value="">All</MenuItem>}
      {choices.map(([choice, word]) => (
        <MenuItem key={choice} value={choice}>
          {word}
        </MenuItem>
      ))}
    </TextField>
  );
}

interface TimeFilterProps {
  label: string;
  /** What `<input type="datetime-local">` holds. */
  value: string;
  onChange: (value: string) => void;
}

/** A moment, in the user's own time zone. */
export function TimeFilter({ label, value, onChange }: TimeFilterProps) {
  return (
    <TextField
      type="datetime-local"
      label={label}
      value={value}
      sx={{ gridColumn: { xs: '1 / -1', md: 'auto' } }}
      onChange={(event) => onChange(event.target.value)}
      slotProps={{ inputLabel: { shrink: true } }}
    />
  );
}

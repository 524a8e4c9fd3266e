import Autocomplete from '@mui/material/Autocomplete';
import FormControl from '@mui/material/FormControl';
import FormControlLabel from '@mui/material/FormControlLabel';
import FormLabel from '@mui/material/FormLabel';
import Radio from '@mui/material/Radio';
import RadioGroup from '@mui/material/RadioGroup';
import TextField from '@mui/material/TextField';
import { useQuery } from '@tanstack/react-query';
import { useId } from 'react';
import { agentChoicesQuery } from '@/api/agents';
import type { KeyAgent } from './queries';

/** The most agents that a key can be bound to. */
const MOST = 100;

interface AgentsFieldProps {
  /** Null is all agents there are and will be. */
  value: readonly KeyAgent[] | null;
  onChange: (agents: readonly KeyAgent[] | null) => void;
  problem: string | undefined;
}

/** Whether a key is for the whole organisation or bound to some of its agents. */
export function AgentsField({ value, onChange, problem }: AgentsFieldProps) {
  const heading = useId();
  const agents = useQuery(agentChoicesQuery).data?.items ?? [];
  return (
    <FormControl error={problem !== undefined} sx={{ minWidth: 0 }}>
      <FormLabel id={heading}>It is for</FormLabel>
      <RadioGroup
        aria-labelledby={heading}
        value={value === null ? 'all' : 'some'}
        onChange={(_, choice) => onChange(choice === 'all' ? null : [])}
      >
        <FormControlLabel value="all" control={<Radio size="small" />} label="All agents" />
        <FormControlLabel
          value="some"
          control={<Radio size="small" />}
          label="Only some agents, with their tasks, conversations and schedules"
        />
      </RadioGroup>
      {value !== null && (
        <Autocomplete
          multiple
          options={agents}
          value={[...value]}
          onChange={(_, chosen) => onChange(chosen)}
          getOptionLabel={({ name }) => name}
          getOptionKey={({ id }) => id}
          isOptionEqualToValue={(one, other) => one.id === other.id}
          getOptionDisabled={() => value.length >= MOST}
          disableCloseOnSelect
          sx={{ mt: 1 }}
          renderInput={(input) => (
            <TextField
              {...input}
              label="Agents"
              required={value.length === 0}
              error={problem !== undefined}
              helperText={problem ?? 'To such a key nothing else of the organisation exists.'}
            />
          )}
        />
      )}
    </FormControl>
  );
}

import Stack from '@mui/material/Stack';
import ToggleButton from '@mui/material/ToggleButton';
import ToggleButtonGroup from '@mui/material/ToggleButtonGroup';
import { Field } from '@/ui/Field';
import { JsonField } from '@/ui/JsonField';
/** Plain words for the agent, or a whole JSON object. */
export interface InputValues {
  inputKind: 'text' | 'json';
  text: string;
  json: string;
}

interface InputFieldProps {
  values: InputValues;
  onChange: (values: InputValues) => void;
  problem: string | undefined;
}

/** What the agent is given: words, or a JSON object. */
export function InputField({
  values: { inputKind, text, json },
  onChange,
  problem,
}: InputFieldProps) {
  const values = { inputKind, text, json };
  return (
    <Stack sx={{ gap: 1 }}>
      <ToggleButtonGroup
        exclusive
        size="small"
        aria-label="Kind of input"
        value={inputKind}
        onChange={(_, chosen: InputValues['inputKind'] | null) =>
          chosen !== null && onChange({ ...values, inputKind: chosen })
        }
      >
        <ToggleButton value="text">Text</ToggleButton>
        <ToggleButton value="json">JSON</ToggleButton>
      </ToggleButtonGroup>
      {inputKind === 'text' ? (
        <Field
          label="Input"
          multiline
          minRows={4}
          maxRows={12}
          value={text}
          onChange={(typed) => onChange({ ...values, text: typed })}
          help="What the agent is asked to do."
          problem={problem}
        />
      ) : (
        <JsonField
          label="Input (JSON)"
          value={json}
          onChange={(typed) => onChange({ ...values, json: typed })}
          problem={problem}
        />
      )}
    </Stack>
  );
}

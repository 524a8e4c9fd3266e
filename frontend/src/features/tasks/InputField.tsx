import Stack from '@mui/material/Stack';
import ToggleButton from '@mui/material/ToggleButton';
import ToggleButtonGroup from '@mui/material/ToggleButtonGroup';
import { Field } from '@/ui/Field';
import { JsonField } from '@/ui/JsonField';
import type { TaskFormValues } from './taskForm';

interface InputFieldProps {
  values: TaskFormValues;
  onChange: (values: TaskFormValues) => void;
  problem: string | undefined;
}

/** What the agent is given: words, or a JSON object. */
export function InputField({ values, onChange, problem }: InputFieldProps) {
  return (
    <Stack sx={{ gap: 1 }}>
      <ToggleButtonGroup
        exclusive
        size="small"
        aria-label="Kind of input"
        value={values.inputKind}
        onChange={(_, inputKind: TaskFormValues['inputKind'] | null) =>
          inputKind !== null && onChange({ ...values, inputKind })
        }
      >
        <ToggleButton value="text">Text</ToggleButton>
        <ToggleButton value="json">JSON</ToggleButton>
      </ToggleButtonGroup>
      {values.inputKind === 'text' ? (
        <Field
          label="Input"
          multiline
          minRows={4}
          maxRows={12}
          value={values.text}
          onChange={(text) => onChange({ ...values, text })}
          help="What the agent is asked to do."
          problem={problem}
        />
      ) : (
        <JsonField
          label="Input (JSON)"
          value={values.json}
          onChange={(json) => onChange({ ...values, json })}
          problem={problem}
        />
      )}
    </Stack>
  );
}

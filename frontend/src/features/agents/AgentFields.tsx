import Autocomplete from '@mui/material/Autocomplete';
import TextField from '@mui/material/TextField';
import type { FieldProblems } from '@/api/problem';
import { Field } from '@/ui/Field';
import { JsonField } from '@/ui/JsonField';
import { type AgentFormValues, agentTypes } from './agentForm';

interface AgentFieldsProps {
  values: AgentFormValues;
  onChange: (values: AgentFormValues) => void;
  problems: FieldProblems;
}

/** What makes an agent. */
export function AgentFields({ values, onChange, problems }: AgentFieldsProps) {
  const set = (change: Partial<AgentFormValues>) => onChange({ ...values, ...change });
  return (
    <>
      <Field
        label="Name"
        required
        autoFocus
        value={values.name}
        onChange={(name) => set({ name })}
        problem={problems.at('/name')}
      />
      <Field
        label="Description"
        multiline
        value={values.description}
        onChange={(description) => set({ description })}
        problem={problems.at('/description')}
      />
      <Autocomplete
        freeSolo
        options={agentTypes}
        inputValue={values.agent_type}
        onInputChange={(_, agent_type) => set({ agent_type })}
        renderInput={(input) => (
          <TextField
            {...input}
            label="Type"
            required
            error={problems.at('/agent_type') !== undefined}
            helperText={
              problems.at('/agent_type') ??
              'Choose one, or name a provider and model like openai/gpt-4o. “echo” answers with its input.'
            }
          />
        )}
      />
      <Autocomplete
        multiple
        freeSolo
        options={[]}
        value={values.capabilities}
        onChange={(_, capabilities) => set({ capabilities: [...capabilities] })}
        renderInput={(input) => (
          <TextField
            {...input}
            label="Capabilities"
            error={problems.at('/capabilities') !== undefined}
            helperText={problems.at('/capabilities') ?? 'Press Enter after each.'}
          />
        )}
      />
      <JsonField
        label="Configuration (JSON)"
        value={values.configuration}
        onChange={(configuration) => set({ configuration })}
        help="For example {&quot;temperature&quot;: 0.2}. May stay empty."
        problem={problems.at('/configuration')}
      />
    </>
  );
}

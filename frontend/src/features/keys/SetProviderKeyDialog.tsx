import Autocomplete from '@mui/material/Autocomplete';
import { useState } from 'react';
import { fieldProblems } from '@/api/problem';
import { Field } from '@/ui/Field';
import { FormDialog } from '@/ui/FormDialog';
import { FormProblem } from '@/ui/FormProblem';
import { useNotify } from '@/ui/Notices';
import { useSetProviderKey } from './queries';

const known = ['openai', 'anthropic'];

/** Sets the organisation's key of a model provider, in place of the one before if there is one. */
export function SetProviderKeyDialog({ onClose }: { onClose: () => void }) {
  const [provider, setProvider] = useState('');
  const [key, setKey] = useState('');
  const notify = useNotify();
  const set = useSetProviderKey();
  const problems = fieldProblems(set.error, ['/provider', '/key']);
  return (
    <FormDialog
      title="Set a provider’s key"
      submitLabel="Save key"
      onClose={onClose}
      onSubmit={() =>
        set.mutate(
          { provider: provider.trim().toLowerCase(), key: key.trim() },
          {
            onSuccess: (kept) => {
              notify(`The key of ${kept.provider} is set`);
              onClose();
            },
          },
        )
      }
      error={set.error}
      isSending={set.isPending}
    >
      <Autocomplete
        freeSolo
        options={known}
        inputValue={provider}
        onInputChange={(_, value) => setProvider(value)}
        renderInput={({ slotProps, ...input }) => (
          <Field
            {...input}
            slotProps={slotProps}
            label="Provider"
            required
            autoFocus
            value={provider}
            onChange={setProvider}
            help="As in an agent’s type, for example openai in openai/gpt-4o."
            problem={problems.at('/provider')}
          />
        )}
      />
      <Field
        label="Key"
        type="password"
        autoComplete="off"
        required
        value={key}
        onChange={setKey}
        help="It is kept encrypted and never shown again."
        problem={problems.at('/key')}
      />
      <FormProblem problems={problems} />
    </FormDialog>
  );
}

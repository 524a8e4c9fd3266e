import { useState } from 'react';
import { useCan } from '@/api/me';
import { fieldProblems } from '@/api/problem';
import { objectOf, textOf } from '@/lib/parseObject';
import { ActionButton } from '@/ui/ActionButton';
import { Form } from '@/ui/Form';
import { FormProblem } from '@/ui/FormProblem';
import { JsonField } from '@/ui/JsonField';
import { useNotify } from '@/ui/Notices';
import { Panel } from '@/ui/Panel';
import { useChangeSettings } from './queries';

interface SettingsFormProps {
  settings: Record<string, unknown>;
  /** The tag of the version that `settings` was read at. */
  etag: string | null;
}

/** The organisation's settings as JSON. A change in between is refused, not lost. */
export function SettingsForm({ settings, etag }: SettingsFormProps) {
  const notify = useNotify();
  const verdict = useCan()('change_settings');
  const [text, setText] = useState(() => textOf(settings));
  const [tag, setTag] = useState(etag);
  const change = useChangeSettings();
  const problems = fieldProblems(change.error, ['/settings']);
  return (
    <Panel title="Settings" sx={{ maxWidth: 760 }}>
      <Form
        label="Settings"
        error={change.error}
        onSubmit={() =>
          change.mutate(
            { etag: tag, body: { settings: objectOf(text) } },
            {
              onSuccess: (saved) => {
                setTag(saved.etag);
                notify('Settings saved');
              },
            },
          )
        }
      >
        <JsonField
          label="Settings (JSON)"
          minRows={8}
          value={text}
          onChange={setText}
          help="Shared by everyone in the organisation."
          problem={problems.at('/settings')}
        />
        <FormProblem problems={problems} />
        <div>
          <ActionButton
            verdict={verdict}
            type="submit"
            variant="contained"
            loading={change.isPending}
          >
            Save settings
          </ActionButton>
        </div>
      </Form>
    </Panel>
  );
}

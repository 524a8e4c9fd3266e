import Button from '@mui/material/Button';
import { useState } from 'react';
import { useMe } from '@/api/me';
import { fieldProblems } from '@/api/problem';
import { Facts } from '@/ui/Facts';
import { Field } from '@/ui/Field';
import { Form } from '@/ui/Form';
import { FormProblem } from '@/ui/FormProblem';
import { useNotify } from '@/ui/Notices';
import { Panel } from '@/ui/Panel';
import { useChangeProfile } from './queries';
import { roleNames } from './roles';

/** The signed-in user's own name. */
export function ProfileForm() {
  const { user } = useMe();
  const notify = useNotify();
  const [fullName, setFullName] = useState(user.full_name ?? '');
  const change = useChangeProfile();
  const problems = fieldProblems(change.error, ['/full_name']);
  return (
    <Panel title="Your profile" sx={{ maxWidth: 620 }}>
      <Form
        label="Your profile"
        error={change.error}
        onSubmit={() =>
          change.mutate(
            { full_name: fullName.trim() },
            { onSuccess: () => notify('Profile saved') },
          )
        }
      >
        <Facts
          facts={[
            ['Email', user.email],
            ['Role', roleNames[user.role]],
          ]}
        />
        <Field
          label="Your name"
          required
          autoComplete="name"
          value={fullName}
          onChange={setFullName}
          problem={problems.at('/full_name')}
        />
        <FormProblem problems={problems} />
        <div>
          <Button type="submit" variant="contained" loading={change.isPending}>
            Save profile
          </Button>
        </div>
      </Form>
    </Panel>
  );
}

import Button from '@mui/material/Button';
import Checkbox from '@mui/material/Checkbox';
import FormControlLabel from '@mui/material/FormControlLabel';
import { useState } from 'react';
import { fieldProblems } from '@/api/problem';
import { Form } from '@/ui/Form';
import { FormProblem } from '@/ui/FormProblem';
import { useNotify } from '@/ui/Notices';
import { Panel } from '@/ui/Panel';
import { PasswordField, passwordHelp } from '@/ui/PasswordField';
import { useChangePassword } from './queries';

/** A new password in exchange for the present one. */
export function PasswordForm() {
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const [endsOthers, setEndsOthers] = useState(true);
  const notify = useNotify();
  const change = useChangePassword();
  const problems = fieldProblems(change.error, ['/current_password', '/new_password'], {
    wrong_password: ['/current_password', 'That is not your password.'],
  });

  function submit(): void {
    change.mutate(
      { current_password: current, new_password: next, keep_other_sessions: !endsOthers },
      {
        onSuccess: () => {
          setCurrent('');
          setNext('');
          notify('Your new password is in force');
        },
      },
    );
  }

  return (
    <Panel title="Change your password" sx={{ maxWidth: 620 }}>
      <Form label="Change your password" onSubmit={submit} error={change.error}>
        <PasswordField
          label="Present password"
          name="current_password"
          autoComplete="current-password"
          required
          value={current}
          onChange={setCurrent}
          problem={problems.at('/current_password')}
        />
        <PasswordField
          label="New password"
          name="new_password"
          autoComplete="new-password"
          required
          value={next}
          onChange={setNext}
          help={passwordHelp}
          problem={problems.at('/new_password')}
        />
        <FormControlLabel
          control={
            <Checkbox
              checked={endsOthers}
              onChange={({ target }) => setEndsOthers(target.checked)}
            />
          }
          label="Sign me out everywhere else"
        />
        <FormProblem problems={problems} />
        <div>
          <Button type="submit" variant="contained" loading={change.isPending}>
            Change password
          </Button>
        </div>
      </Form>
    </Panel>
  );
}

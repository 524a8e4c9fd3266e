import Button from '@mui/material/Button';
import { useState } from 'react';
import { fieldProblems } from '@/api/problem';
import { Form } from '@/ui/Form';
import { FormProblem } from '@/ui/FormProblem';
import { PasswordField, passwordHelp } from '@/ui/PasswordField';
import { useConfirmReset } from './queries';

/** Chooses another password with the token of a link. */
export function ResetPasswordForm({ token, onDone }: { token: string; onDone: () => void }) {
  const [password, setPassword] = useState('');
  const confirm = useConfirmReset();
  const problems = fieldProblems(confirm.error, ['/new_password']);
  return (
    <Form
      label="Choose a new password"
      error={confirm.error}
      onSubmit={() => confirm.mutate({ token, new_password: password }, { onSuccess: onDone })}
    >
      <PasswordField
        label="New password"
        name="new_password"
        autoComplete="new-password"
        required
        autoFocus
        value={password}
        onChange={setPassword}
        help={passwordHelp}
        problem={problems.at('/new_password')}
      />
      <FormProblem problems={problems} />
      <Button type="submit" variant="contained" size="large" loading={confirm.isPending}>
        Save the password
      </Button>
    </Form>
  );
}

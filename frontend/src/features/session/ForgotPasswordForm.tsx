import Alert from '@mui/material/Alert';
import AlertTitle from '@mui/material/AlertTitle';
import Button from '@mui/material/Button';
import { useState } from 'react';
import { fieldProblems } from '@/api/problem';
import { Field } from '@/ui/Field';
import { Form } from '@/ui/Form';
import { FormProblem } from '@/ui/FormProblem';
import { useRequestReset } from './queries';

/** Asks for a link to choose another password, and tells what to wait for. */
export function ForgotPasswordForm({ email: start }: { email: string }) {
  const [email, setEmail] = useState(start);
  const request = useRequestReset();
  const problems = fieldProblems(request.error, ['/email']);
  if (request.isSuccess) {
    return (
      <Alert severity="success" variant="outlined">
        <AlertTitle>Look into your mail</AlertTitle>
        If {email.trim()} belongs to a user, a link to choose a new password is on its way. It works
        once and for 30 minutes.
      </Alert>
    );
  }
  return (
    <Form
      label="Ask for a link"
      error={request.error}
      onSubmit={() => request.mutate({ email: email.trim() })}
    >
      <Field
        label="Email"
        type="email"
        name="email"
        autoComplete="username"
        required
        autoFocus
        value={email}
        onChange={setEmail}
        problem={problems.at('/email')}
      />
      <FormProblem problems={problems} />
      <Button type="submit" variant="contained" size="large" loading={request.isPending}>
        Send the link
      </Button>
    </Form>
  );
}

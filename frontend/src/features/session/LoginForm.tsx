import Button from '@mui/material/Button';
import MenuItem from '@mui/material/MenuItem';
import TextField from '@mui/material/TextField';
import { useState } from 'react';
import { fieldProblems, problemOf } from '@/api/problem';
import { Field } from '@/ui/Field';
import { Form } from '@/ui/Form';
import { FormProblem } from '@/ui/FormProblem';
import { PasswordField } from '@/ui/PasswordField';
import { useLogIn } from './queries';
import type { SignInStart } from './signIn';

interface LoginFormProps {
  start: Pick<SignInStart, 'email' | 'tenant_subdomain'>;
  onSignedIn: () => void;
}

/** Email and password; and the organisation, when the email lives in several. */
export function LoginForm({ start, onSignedIn }: LoginFormProps) {
  const [email, setEmail] = useState(start.email);
  const [password, setPassword] = useState('');
  const [subdomain, setSubdomain] = useState(start.tenant_subdomain);
  const [choices, setChoices] = useState<readonly { subdomain: string; name: string }[]>([]);
  const logIn = useLogIn();
  const mustChoose = choices.length > 0 && logIn.isError && isChoice(logIn.error);
  const problems = fieldProblems(mustChoose ? null : logIn.error, [
    '/email',
    '/password',
    '/tenant_subdomain',
  ]);

  function submit(): void {
    const place = subdomain === '' ? {} : { tenant_subdomain: subdomain };
    logIn.mutate(
      { email: email.trim(), password, ...place },
      {
        onSuccess: onSignedIn,
        onError: (error) => {
          const { tenants = [] } = problemOf(error);
          if (!isChoice(error)) return;
          setChoices(tenants);
          setSubdomain(tenants[0]?.subdomain ?? '');
        },
      },
    );
  }

  return (
    <Form label="Sign in" onSubmit={submit} error={logIn.error}>
      <Field
        label="Email"
        type="email"
        name="email"
        autoComplete="username"
        required
        autoFocus={start.email === ''}
        value={email}
        onChange={(value) => {
          setEmail(value);
          setChoices([]);
          setSubdomain(value === start.email ? start.tenant_subdomain : '');
        }}
        problem={problems.at('/email')}
      />
      <PasswordField
        label="Password"
        name="password"
        autoComplete="current-password"
        required
        autoFocus={start.email !== ''}
        value={password}
        onChange={setPassword}
        problem={problems.at('/password')}
      />
      {choices.length > 0 && (
        <TextField
          select
          label="Organisation"
          value={subdomain}
          onChange={(event) => setSubdomain(event.target.value)}
          helperText="Your email belongs to several organisations. Choose one and sign in again."
        >
          {choices.map((choice) => (
            <MenuItem key={choice.subdomain} value={choice.subdomain}>
              {choice.name}
            </MenuItem>
          ))}
        </TextField>
      )}
      <FormProblem problems={problems} />
      <Button type="submit" variant="contained" size="large" loading={logIn.isPending}>
        Sign in
      </Button>
    </Form>
  );
}

function isChoice(error: unknown): boolean {
  return problemOf(error).code === 'tenant_required';
}

import Button from '@mui/material/Button';
import { useState } from 'react';
import { fieldProblems } from '@/api/problem';
import { useSubmissionKey } from '@/lib/useSubmissionKey';
import { Field } from '@/ui/Field';
import { Form } from '@/ui/Form';
import { FormProblem } from '@/ui/FormProblem';
import { PasswordField, passwordHelp } from '@/ui/PasswordField';
import { useRegister } from './queries';
import type { RegistrationStart } from './registration';

interface RegisterFormProps {
  start: RegistrationStart;
  onRegistered: (as: { email: string; tenant_subdomain: string }) => void;
}

/** Who the user is. Tokens that came along are sent with it; without one, it can be typed in. */
export function RegisterForm({ start, onRegistered }: RegisterFormProps) {
  const [fullName, setFullName] = useState(start.full_name ?? '');
  const [email, setEmail] = useState(start.email ?? '');
  const [password, setPassword] = useState('');
  const [subdomain, setSubdomain] = useState(start.tenant_subdomain ?? '');
  const [invitation, setInvitation] = useState(start.invitation_token ?? '');
  const register = useRegister();
  const submissionKey = useSubmissionKey();
  const isInvited = start.invitation_token !== undefined && start.email !== undefined;
  const asksForPlace = start.tenant_subdomain === undefined;
  const asksForInvitation = start.setup_token === undefined && start.invitation_token === undefined;
  const problems = fieldProblems(
    register.error,
    [
      '/full_name',
      '/email',
      '/password',
      ...(asksForPlace ? ['/tenant_subdomain'] : []),
      ...(asksForInvitation ? ['/invitation_token'] : []),
    ],
    {
      email_taken: '/email',
      not_found: ['/tenant_subdomain', 'No organisation has this subdomain.'],
      invitation_invalid: '/invitation_token',
      invitation_required: '/invitation_token',
      registration_not_allowed: '/invitation_token',
    },
  );

  function submit(): void {
    const body = {
      email: email.trim(),
      password,
      full_name: fullName.trim(),
      tenant_subdomain: subdomain.trim().toLowerCase(),
      ...(start.setup_token === undefined ? {} : { setup_token: start.setup_token }),
      ...(invitation.trim() === '' ? {} : { invitation_token: invitation.trim() }),
    };
    register.mutate(
      { body, headers: submissionKey(body) },
      {
        onSuccess: () =>
          onRegistered({ email: body.email, tenant_subdomain: body.tenant_subdomain }),
      },
    );
  }

  return (
    <Form label="Register" onSubmit={submit} error={register.error}>
      <Field
        label="Your name"
        name="full_name"
        autoComplete="name"
        required
        value={fullName}
        onChange={setFullName}
        problem={problems.at('/full_name')}
      />
      <Field
        label="Email"
        type="email"
        name="email"
        autoComplete="username"
        required
        value={email}
        onChange={setEmail}
        // An invitation is for its own address.
        slotProps={{ htmlInput: { readOnly: isInvited } }}
        problem={problems.at('/email')}
      />
      <PasswordField
        label="Password"
        name="password"
        autoComplete="new-password"
        required
        value={password}
        onChange={setPassword}
        help={passwordHelp}
        problem={problems.at('/password')}
      />
      {asksForPlace && (
        <Field
          label="Organisation’s subdomain"
          name="tenant_subdomain"
          required
          value={subdomain}
          onChange={setSubdomain}
          problem={problems.at('/tenant_subdomain')}
        />
      )}
      {asksForInvitation && (
        <Field
          label="Invitation code"
          name="invitation_token"
          value={invitation}
          onChange={setInvitation}
          help="From the invitation’s link. The first user of an organisation needs none."
          problem={problems.at('/invitation_token')}
        />
      )}
      <FormProblem problems={problems} />
      <Button type="submit" variant="contained" size="large" loading={register.isPending}>
        Register
      </Button>
    </Form>
  );
}

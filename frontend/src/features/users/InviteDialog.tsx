import { useState } from 'react';
import { fieldProblems } from '@/api/problem';
import { useSubmissionKey } from '@/lib/useSubmissionKey';
import { Field } from '@/ui/Field';
import { FormDialog } from '@/ui/FormDialog';
import { FormProblem } from '@/ui/FormProblem';
import { InvitedDialog } from './InvitedDialog';
import { type Role, useInviteUser } from './queries';
import { RoleField } from './RoleField';

interface InviteDialogProps {
  /** Makes the link that the invited person opens, from the token of the invitation. */
  linkOf: (token: string) => string;
  onClose: () => void;
}

/** Invites someone, then shows what to give them. */
export function InviteDialog({ linkOf, onClose }: InviteDialogProps) {
  const [email, setEmail] = useState('');
  const [fullName, setFullName] = useState('');
  const [role, setRole] = useState<Role>('member');
  const invite = useInviteUser();
  const submissionKey = useSubmissionKey();
  const problems = fieldProblems(invite.error, ['/email', '/full_name', '/role'], {
    email_taken: ['/email', 'This email belongs to someone in your organisation already.'],
    invitation_open: [
      '/email',
      'This email has an open invitation already. Send it anew under Invitations.',
    ],
    role_above_own: '/role',
  });

  if (invite.data !== undefined) {
    const { invitation_token, expires_at } = invite.data;
    const link = typeof invitation_token === 'string' ? linkOf(invitation_token) : null;
    return (
      <InvitedDialog email={email.trim()} link={link} expiresAt={expires_at} onClose={onClose} />
    );
  }

  function submit(): void {
    const name = fullName.trim();
    const body = { email: email.trim(), role, ...(name === '' ? {} : { full_name: name }) };
    invite.mutate({ body, headers: submissionKey(body) });
  }

  return (
    <FormDialog
      title="Invite a colleague"
      submitLabel="Invite"
      onClose={onClose}
      onSubmit={submit}
      error={invite.error}
      isSending={invite.isPending}
    >
      <Field
        label="Email"
        type="email"
        required
        autoFocus
        value={email}
        onChange={setEmail}
        problem={problems.at('/email')}
      />
      <Field
        label="Name"
        value={fullName}
        onChange={setFullName}
        help="They can change it when they register."
        problem={problems.at('/full_name')}
      />
      <RoleField value={role} onChange={setRole} problem={problems.at('/role')} />
      <FormProblem problems={problems} />
    </FormDialog>
  );
}

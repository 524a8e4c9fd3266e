import { useState } from 'react';
import { fieldProblems } from '@/api/problem';
import { Field } from '@/ui/Field';
import { FormDialog } from '@/ui/FormDialog';
import { FormProblem } from '@/ui/FormProblem';
import { AccessOfUser } from './AccessOfUser';
import { type User, useChangeUser } from './queries';
import { RoleField } from './RoleField';
import { nameOf } from './roles';

export function EditUserDialog({ user, onClose }: { user: User; onClose: () => void }) {
  const [fullName, setFullName] = useState(user.full_name ?? '');
  const [role, setRole] = useState(user.role);
  const change = useChangeUser(user.id);
  const problems = fieldProblems(change.error, ['/full_name', '/role'], {
    last_owner: '/role',
    role_above_own: '/role',
  });

  function submit(): void {
    const name = fullName.trim();
    change.mutate(
      {
        ...(role === user.role ? {} : { role }),
        ...(name === '' || name === user.full_name ? {} : { full_name: name }),
      },
      { onSuccess: onClose },
    );
  }

  return (
    <FormDialog
      title={`Edit ${nameOf(user)}`}
      submitLabel="Save"
      onClose={onClose}
      onSubmit={submit}
      error={change.error}
      isSending={change.isPending}
    >
      <Field
        label="Name"
        value={fullName}
        onChange={setFullName}
        problem={problems.at('/full_name')}
      />
      <RoleField value={role} onChange={setRole} problem={problems.at('/role')} />
      <FormProblem problems={problems} />
      <AccessOfUser id={user.id} name={nameOf(user)} />
    </FormDialog>
  );
}

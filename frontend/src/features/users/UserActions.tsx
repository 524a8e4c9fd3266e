import Stack from '@mui/material/Stack';
import { useState } from 'react';
import { useCan, useMe } from '@/api/me';
import { problemOf } from '@/api/problem';
import { all, when } from '@/lib/can';
import { ActionButton } from '@/ui/ActionButton';
import { ConfirmDialog } from '@/ui/ConfirmDialog';
import { useNotify } from '@/ui/Notices';
import { EditUserDialog } from './EditUserDialog';
import { type User, useChangeUser, useDeactivateUser } from './queries';
import { nameOf, rolesUpTo } from './roles';

/** How someone's access, or the offer of it, is ended. */
const endings = {
  active: {
    label: 'Deactivate',
    question: 'Deactivate',
    consequence:
      'Their sessions end at once. What they made and did stays, and you can reactivate them.',
  },
  invited: {
    label: 'Withdraw',
    question: 'Withdraw the invitation of',
    consequence: 'Its link stops working at once. You can invite them again.',
  },
};

/** Changing someone's role, and whether they may sign in. */
export function UserActions({ user }: { user: User }) {
  const me = useMe();
  const can = useCan();
  const notify = useNotify();
  const [dialog, setDialog] = useState<'edit' | 'end' | null>(null);
  const change = useChangeUser(user.id);
  const deactivate = useDeactivateUser(user.id);
  const name = nameOf(user);
  const verdict = all(
    can('manage_users'),
    when(rolesUpTo(me.user.role).includes(user.role), 'This role stands above yours.'),
  );
  const notSelf = when(user.id !== me.user.id, 'You cannot lock yourself out.');
  return (
    <Stack direction="row" sx={{ gap: 1, justifyContent: { md: 'flex-end' } }}>
      <ActionButton
        verdict={all(verdict, when(user.status === 'active', 'Only active users can be edited.'))}
        size="small"
        variant="outlined"
        aria-label={`Edit ${name}`}
        onClick={() => setDialog('edit')}
      >
        Edit
      </ActionButton>
      {user.status === 'inactive' ? (
        <ActionButton
          verdict={verdict}
          size="small"
          variant="outlined"
          aria-label={`Reactivate ${name}`}
          loading={change.isPending}
          onClick={() =>
            change.mutate(
              { is_active: true },
              { onError: (error) => notify(problemOf(error).detail) },
            )
          }
        >
          Reactivate
        </ActionButton>
      ) : (
        <ActionButton
          verdict={all(verdict, notSelf)}
          size="small"
          variant="outlined"
          color="error"
          aria-label={`${endings[user.status].label} ${name}`}
          onClick={() => setDialog('end')}
        >
          {endings[user.status].label}
        </ActionButton>
      )}
      {dialog === 'edit' && <EditUserDialog user={user} onClose={() => setDialog(null)} />}
      {dialog === 'end' && user.status !== 'inactive' && (
        <ConfirmDialog
          title={`${endings[user.status].question} ${name}?`}
          confirmLabel={endings[user.status].label}
          isDestructive
          isSending={deactivate.isPending}
          error={deactivate.error}
          onConfirm={() => deactivate.mutate(undefined, { onSuccess: () => setDialog(null) })}
          onClose={() => setDialog(null)}
        >
          {endings[user.status].consequence}
        </ConfirmDialog>
      )}
    </Stack>
  );
}

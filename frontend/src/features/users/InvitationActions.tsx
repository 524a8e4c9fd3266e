import Stack from '@mui/material/Stack';
import { useState } from 'react';
import { useCan, useMe } from '@/api/me';
import { problemOf } from '@/api/problem';
import { all, when } from '@/lib/can';
import { ActionButton } from '@/ui/ActionButton';
import { ConfirmDialog } from '@/ui/ConfirmDialog';
import { useNotify } from '@/ui/Notices';
import { InvitedDialog } from './InvitedDialog';
import { type Invitation, useResendInvitation, useRevokeInvitation } from './queries';
import { nameOf, rolesUpTo } from './roles';

interface InvitationActionsProps {
  invitation: Invitation;
  /** Makes the link that the invited person opens. */
  linkOf: (token: string) => string;
}

/** Sending an invitation anew, and taking it back. */
export function InvitationActions({ invitation, linkOf }: InvitationActionsProps) {
  const me = useMe();
  const can = useCan();
  const notify = useNotify();
  const [isAsking, setAsking] = useState(false);
  const resend = useResendInvitation(invitation.id);
  const revoke = useRevokeInvitation(invitation.id);
  const name = nameOf(invitation);
  const verdict = all(
    can('manage_users'),
    when(rolesUpTo(me.user.role).includes(invitation.role), 'This role stands above yours.'),
  );
  const token = resend.data?.invitation_token;
  return (
    <Stack direction="row" sx={{ gap: 1, justifyContent: { md: 'flex-end' } }}>
      <ActionButton
        verdict={verdict}
        size="small"
        variant="outlined"
        aria-label={`Send anew the invitation of ${name}`}
        loading={resend.isPending}
        onClick={() =>
          resend.mutate(undefined, { onError: (error) => notify(problemOf(error).detail) })
        }
      >
        Send anew
      </ActionButton>
      <ActionButton
        verdict={verdict}
        size="small"
        variant="outlined"
        color="error"
        aria-label={`Take back the invitation of ${name}`}
        onClick={() => setAsking(true)}
      >
        Take back
      </ActionButton>
      {resend.data !== undefined && (
        <InvitedDialog
          email={invitation.email ?? name}
          link={typeof token === 'string' ? linkOf(token) : null}
          expiresAt={resend.data.expires_at}
          onClose={() => resend.reset()}
        />
      )}
      {isAsking && (
        <ConfirmDialog
          title={`Take back the invitation of ${name}?`}
          confirmLabel="Take back"
          isDestructive
          isSending={revoke.isPending}
          error={revoke.error}
          onConfirm={() => revoke.mutate(undefined, { onSuccess: () => setAsking(false) })}
          onClose={() => setAsking(false)}
        >
          Its link stops working at once. You can invite them again.
        </ConfirmDialog>
      )}
    </Stack>
  );
}

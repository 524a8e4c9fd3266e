import PersonAddAltOutlined from '@mui/icons-material/PersonAddAltOutlined';
import { useState } from 'react';
import { useCan, useMe } from '@/api/me';
import { invitationLink } from '@/features/session/registration';
import { InviteDialog } from '@/features/users/InviteDialog';
import { UserList } from '@/features/users/UserList';
import { ActionButton } from '@/ui/ActionButton';
import { Page } from '@/ui/Page';

/** The organisation's people and invitations. */
export default function Team() {
  const { tenant } = useMe();
  const can = useCan();
  const [isInviting, setInviting] = useState(false);
  return (
    <Page
      title="Team"
      lead="Who works in your organisation, and as what."
      actions={
        <ActionButton
          verdict={can('manage_users')}
          variant="contained"
          startIcon={<PersonAddAltOutlined />}
          onClick={() => setInviting(true)}
        >
          Invite
        </ActionButton>
      }
    >
      <UserList />
      {isInviting && (
        <InviteDialog
          linkOf={(email, invitation_token) =>
            invitationLink(window.location.origin, {
              tenant_subdomain: tenant.subdomain,
              email,
              invitation_token,
            })
          }
          onClose={() => setInviting(false)}
        />
      )}
    </Page>
  );
}

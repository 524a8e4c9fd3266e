import PersonAddAltOutlined from '@mui/icons-material/PersonAddAltOutlined';
import { useState } from 'react';
import { useSearchParams } from 'react-router';
import { useCan } from '@/api/me';
import { invitationLink } from '@/features/session/registration';
import { InvitationList } from '@/features/users/InvitationList';
import { InviteDialog } from '@/features/users/InviteDialog';
import { RoleTable } from '@/features/users/RoleTable';
import { UserList } from '@/features/users/UserList';
import { oneOf } from '@/lib/oneOf';
import { ActionButton } from '@/ui/ActionButton';
import { LinkTabs } from '@/ui/LinkTabs';
import { Page } from '@/ui/Page';
import { Panel } from '@/ui/Panel';
import { Refused } from '@/ui/States';

const tabs = ['people', 'invitations', 'roles'] as const;
const names = { people: 'People', invitations: 'Invitations', roles: 'Roles' };
const linkOf = (token: string) => invitationLink(window.location.origin, token);

/** The organisation's people, invitations and roles. */
export default function Team() {
  const [params] = useSearchParams();
  const tab = oneOf(tabs, params.get('tab') ?? '') ?? 'people';
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
      <LinkTabs
        label="Parts of the team"
        tabs={tabs.map((each) => ({
          to: each === 'people' ? '/team' : `/team?tab=${each}`,
          name: names[each],
          isCurrent: each === tab,
        }))}
      />
      <Content tab={tab} />
      {isInviting && <InviteDialog linkOf={linkOf} onClose={() => setInviting(false)} />}
    </Page>
  );
}

function Content({ tab }: { tab: (typeof tabs)[number] }) {
  const sight = useCan()('read_invitations');
  switch (tab) {
    case 'people':
      return <UserList />;
    case 'invitations':
      return sight.allowed ? (
        <InvitationList linkOf={linkOf} />
      ) : (
        <Panel>
          <Refused reason={sight.reason} />
        </Panel>
      );
    case 'roles':
      return <RoleTable />;
    default:
      return tab satisfies never;
  }
}

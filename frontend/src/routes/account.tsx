import Stack from '@mui/material/Stack';
import { useSearchParams } from 'react-router';
import { PasswordForm } from '@/features/account/PasswordForm';
import { SessionList } from '@/features/account/SessionList';
import { ProfileForm } from '@/features/users/ProfileForm';
import { oneOf } from '@/lib/oneOf';
import { LinkTabs } from '@/ui/LinkTabs';
import { Page } from '@/ui/Page';

const tabs = ['sessions', 'password', 'profile'] as const;
const names = { sessions: 'Sessions', password: 'Password', profile: 'Profile' };

/** The user's own account: where it is signed in, its password and its profile. */
export default function Account() {
  const [params] = useSearchParams();
  const tab = oneOf(tabs, params.get('tab') ?? '') ?? 'sessions';
  return (
    <Page title="Your account">
      <LinkTabs
        label="Parts of your account"
        tabs={tabs.map((each) => ({
          to: `/account?tab=${each}`,
          name: names[each],
          isCurrent: each === tab,
        }))}
      />
      <Stack sx={{ gap: 2.5 }}>
        {tab === 'sessions' && <SessionList />}
        {tab === 'password' && <PasswordForm />}
        {tab === 'profile' && <ProfileForm />}
      </Stack>
    </Page>
  );
}

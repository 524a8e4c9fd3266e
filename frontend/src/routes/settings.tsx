import Stack from '@mui/material/Stack';
import { useQuery } from '@tanstack/react-query';
import { useSearchParams } from 'react-router';
import { DetailsForm } from '@/features/tenants/DetailsForm';
import { PlanPicker } from '@/features/tenants/PlanPicker';
import { settingsQuery, tenantQuery } from '@/features/tenants/queries';
import { SettingsForm } from '@/features/tenants/SettingsForm';
import { UsagePanel } from '@/features/usage/UsagePanel';
import { oneOf } from '@/lib/oneOf';
import { Answered } from '@/ui/Answered';
import { LinkTabs } from '@/ui/LinkTabs';
import { Page } from '@/ui/Page';

const tabs = ['organisation', 'plan', 'settings'] as const;
const names = {
  organisation: 'Organisation',
  plan: 'Plan and usage',
  settings: 'Settings',
};

/** The organisation's details, plan and settings. */
export default function Settings() {
  const [params] = useSearchParams();
  const tab = oneOf(tabs, params.get('tab') ?? '') ?? 'organisation';
  return (
    <Page title="Settings">
      <LinkTabs
        label="Parts of the settings"
        tabs={tabs.map((each) => ({
          to: `/settings?tab=${each}`,
          name: names[each],
          isCurrent: each === tab,
        }))}
      />
      <Content tab={tab} />
    </Page>
  );
}

function Content({ tab }: { tab: (typeof tabs)[number] }) {
  const tenant = useQuery(tenantQuery);
  const settings = useQuery(settingsQuery);
  switch (tab) {
    case 'organisation':
      return <Answered query={tenant}>{(data) => <DetailsForm tenant={data} />}</Answered>;
    case 'plan':
      return (
        <Stack sx={{ gap: 2.5 }}>
          <UsagePanel />
          <Answered query={tenant}>
            {(data) => <PlanPicker current={data.subscription_tier} />}
          </Answered>
        </Stack>
      );
    case 'settings':
      return (
        <Answered query={settings}>
          {({ body, etag }) => <SettingsForm settings={body.settings} etag={etag} />}
        </Answered>
      );
    default:
      return tab satisfies never;
  }
}

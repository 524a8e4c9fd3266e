import Box from '@mui/material/Box';
import { useMe } from '@/api/me';
import { RecentActivity } from '@/features/activity/RecentActivity';
import { StopAllWork } from '@/features/stops/StopAllWork';
import { Counts } from '@/features/usage/Counts';
import { FirstSteps } from '@/features/usage/FirstSteps';
import { UsagePanel } from '@/features/usage/UsagePanel';
import { Page } from '@/ui/Page';

/** How the organisation stands right now. */
export default function Overview() {
  const { tenant } = useMe();
  return (
    <Page title="Overview" lead={`How ${tenant.name} stands right now.`} actions={<StopAllWork />}>
      <Box sx={{ display: 'grid', gap: 2.5, gridTemplateColumns: 'minmax(0, 1fr)' }}>
        <Counts />
        <Box
          sx={{
            display: 'grid',
            gap: 2.5,
            gridTemplateColumns: { xs: 'minmax(0, 1fr)', lg: 'minmax(0, 5fr) minmax(0, 3fr)' },
            alignItems: 'start',
          }}
        >
          <RecentActivity />
          <Box sx={{ display: 'grid', gap: 2.5, order: { xs: -1, lg: 0 } }}>
            <FirstSteps />
            <UsagePanel />
          </Box>
        </Box>
      </Box>
    </Page>
  );
}

import Box from '@mui/material/Box';
import { useSearchParams } from 'react-router';
import { BudgetPanel } from '@/features/budgets/BudgetPanel';
import { PERIODS, type Period } from '@/features/usage/reportQueries';
import { UsageReport } from '@/features/usage/UsageReport';
import { keysOf, oneOf } from '@/lib/oneOf';
import { ChoiceFilter } from '@/ui/Filters';
import { LinkTabs } from '@/ui/LinkTabs';
import { Page } from '@/ui/Page';

const groups = ['day', 'agent', 'model'] as const;
const names = { day: 'By day', agent: 'By agent', model: 'By model' };
const periods = keysOf(PERIODS);

/** What model calls consumed and may still cost. */
export default function Usage() {
  const [params, setParams] = useSearchParams();
  const groupBy = oneOf(groups, params.get('by') ?? '') ?? 'day';
  const period: Period = oneOf(periods, params.get('days') ?? '') ?? '30';
  return (
    <Page
      title="Usage"
      lead="What calls of models consumed, by the prices of the time of each call."
      actions={
        <ChoiceFilter
          label="Period"
          isOrder
          value={period}
          choices={periods.map((each) => [each, PERIODS[each]] as const)}
          onChange={(days) => setParams({ by: groupBy, days })}
        />
      }
    >
      <LinkTabs
        label="Parts of the usage"
        tabs={groups.map((each) => ({
          to: `/usage?by=${each}&days=${period}`,
          name: names[each],
          isCurrent: each === groupBy,
        }))}
      />
      <Box sx={{ display: 'grid', gap: 2.5, gridTemplateColumns: 'minmax(0, 1fr)' }}>
        <BudgetPanel of="tenant" />
        <UsageReport groupBy={groupBy} period={period} />
      </Box>
    </Page>
  );
}

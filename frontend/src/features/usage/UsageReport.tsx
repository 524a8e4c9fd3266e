import PaidOutlined from '@mui/icons-material/PaidOutlined';
import Box from '@mui/material/Box';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { formatCompact, formatUsd } from '@/lib/numbers';
import { Answered } from '@/ui/Answered';
import { Panel } from '@/ui/Panel';
import { StateNote } from '@/ui/States';
import { DayBars } from './DayBars';
import { ReportTable } from './ReportTable';
import { beginOf, type Period, reportQuery, type UsageGroup } from './reportQueries';

interface UsageReportProps {
  groupBy: UsageGroup;
  period: Period;
}

/** What model calls consumed, by day, agent or model. */
export function UsageReport({ groupBy, period }: UsageReportProps) {
  const [now] = useState(Date.now);
  const query = useQuery(reportQuery(groupBy, beginOf(period, now)));
  return (
    <Answered query={query}>
      {({ items, total, from, to, group_by }) =>
        total.calls === 0 ? (
          <Panel>
            <StateNote icon={<PaidOutlined />} title="Nothing was consumed">
              What calls of models cost stands here, by day, agent and model.
            </StateNote>
          </Panel>
        ) : (
          <Box sx={{ display: 'grid', gap: 2.5, gridTemplateColumns: 'minmax(0, 1fr)' }}>
            <Totals
              facts={[
                ['Cost', formatUsd(total.cost_usd)],
                ['Calls', formatCompact(total.calls)],
                ['Tokens in', formatCompact(total.input_tokens)],
                ['Tokens out', formatCompact(total.output_tokens)],
              ]}
            />
            {group_by === 'day' && (
              <Panel title="Cost by day">
                <DayBars days={items} from={from} to={to} />
              </Panel>
            )}
            <Panel isFlush>
              <ReportTable groupBy={group_by} items={items} />
            </Panel>
          </Box>
        )
      }
    </Answered>
  );
}

function Totals({ facts }: { facts: readonly (readonly [string, string])[] }) {
  return (
    <Box
      component="dl"
      sx={{
        display: 'grid',
        gridTemplateColumns: { xs: '1fr 1fr', sm: 'repeat(4, 1fr)' },
        gap: '1px',
        m: 0,
        overflow: 'hidden',
        border: 1,
        borderColor: 'divider',
        borderRadius: '12px',
        bgcolor: 'background.paper',
      }}
    >
      {facts.map(([name, value]) => (
        <Box
          key={name}
          sx={{
            display: 'flex',
            flexDirection: 'column-reverse',
            p: 2.25,
            outline: '1px solid',
            outlineColor: 'divider',
          }}
        >
          <Box component="dt" sx={{ fontSize: '0.8438rem', color: 'text.secondary' }}>
            {name}
          </Box>
          <Box component="dd" sx={{ m: 0, fontSize: '1.5rem', lineHeight: 1.2, fontWeight: 620 }}>
            {value}
          </Box>
        </Box>
      ))}
    </Box>
  );
}

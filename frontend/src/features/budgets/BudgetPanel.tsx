import Box from '@mui/material/Box';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useCan } from '@/api/me';
import { formatDay } from '@/lib/dates';
import { formatUsd } from '@/lib/numbers';
import { ActionButton } from '@/ui/ActionButton';
import { Answered } from '@/ui/Answered';
import { Panel } from '@/ui/Panel';
import { type Budget, type BudgetOf, budgetQuery } from './queries';
import { SetBudgetDialog } from './SetBudgetDialog';

/** What may be spent this month, and what is. */
export function BudgetPanel({ of }: { of: BudgetOf }) {
  const can = useCan();
  const query = useQuery(budgetQuery(of));
  const [isSetting, setSetting] = useState(false);
  return (
    <Panel
      title="Budget"
      actions={
        <ActionButton
          verdict={can('manage_budgets')}
          size="small"
          variant="outlined"
          onClick={() => setSetting(true)}
        >
          Set budget
        </ActionButton>
      }
    >
      <Answered query={query}>{(budget) => <Spent budget={budget} />}</Answered>
      {isSetting && query.data !== undefined && (
        <SetBudgetDialog of={of} budget={query.data} onClose={() => setSetting(false)} />
      )}
    </Panel>
  );
}

function Spent({ budget }: { budget: Budget }) {
  const { limit_usd, spent_usd, reserved_usd, left_usd, period_end } = budget;
  const limit = limit_usd === null ? 0 : Number(limit_usd);
  const share = (amount: string) => (limit === 0 ? 0 : Math.min(Number(amount) / limit, 1));
  const isUsedUp = left_usd !== null && Number(left_usd) === 0;
  return (
    <Box sx={{ fontSize: '0.875rem' }}>
      <Box sx={{ display: 'flex', justifyContent: 'space-between', gap: 2, flexWrap: 'wrap' }}>
        <span>
          <strong>{formatUsd(spent_usd)}</strong> spent
        </span>
        <Box component="span" sx={{ color: 'text.secondary' }}>
          {limit_usd === null ? 'no limit' : `of ${formatUsd(limit_usd)}`}
        </Box>
      </Box>
      {limit_usd !== null && (
        <Box
          role="meter"
          aria-label="Budget"
          aria-valuemin={0}
          aria-valuemax={limit}
          aria-valuenow={Number(spent_usd)}
          aria-valuetext={`${formatUsd(spent_usd)} of ${formatUsd(limit_usd)}`}
          sx={{
            display: 'flex',
            height: 8,
            borderRadius: 4,
            my: 0.75,
            bgcolor: 'divider',
            overflow: 'hidden',
          }}
        >
          <Box
            sx={{
              width: `${share(spent_usd) * 100}%`,
              bgcolor: isUsedUp ? 'error.main' : 'primary.main',
            }}
          />
          <Box
            sx={{ width: `${share(reserved_usd) * 100}%`, bgcolor: 'primary.main', opacity: 0.4 }}
          />
        </Box>
      )}
      <Box sx={{ color: 'text.secondary', fontSize: '0.7813rem' }}>
        {Number(reserved_usd) > 0 && `${formatUsd(reserved_usd)} set aside for calls under way. `}
        {left_usd !== null && `${formatUsd(left_usd)} left. `}
        Starts again on {formatDay(period_end)}.
      </Box>
    </Box>
  );
}

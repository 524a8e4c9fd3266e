import Box from '@mui/material/Box';
import { formatDay } from '@/lib/dates';
import { formatUsd } from '@/lib/numbers';
import type { UsageOfGroup } from './reportQueries';

interface DayBarsProps {
  days: readonly UsageOfGroup[];
  from: string;
  to: string;
}

const DAY = 86_400_000;
const HEIGHT = 120;

/** One bar for each day, also for those without calls. */
export function DayBars({ days, from, to }: DayBarsProps) {
  const costs = new Map(days.map(({ day, cost_usd }) => [day, cost_usd]));
  const most = Math.max(...days.map(({ cost_usd }) => Number(cost_usd)), 0);
  return (
    <Box
      component="ol"
      aria-label="Cost by day"
      sx={{
        display: 'flex',
        alignItems: 'flex-end',
        gap: '2px',
        height: HEIGHT,
        listStyle: 'none',
        m: 0,
        p: 0,
      }}
    >
      {daysOf(from, to).map((day) => {
        const cost = costs.get(day) ?? '0.000000';
        const share = most === 0 ? 0 : Number(cost) / most;
        const text = `${formatDay(`${day}T00:00:00Z`)}: ${formatUsd(cost)}`;
        return (
          <Box
            key={day}
            component="li"
            title={text}
            sx={{ flex: '1 1 0', minWidth: 0, display: 'flex', alignItems: 'flex-end', height: 1 }}
          >
            <span className="visually-hidden">{text}</span>
            <Box
              aria-hidden
              sx={{
                width: 1,
                height: `${Math.max(share * 100, 1.5)}%`,
                bgcolor: share === 0 ? 'divider' : 'primary.main',
                borderRadius: '3px 3px 0 0',
              }}
            />
          </Box>
        );
      })}
    </Box>
  );
}

/** The days of a time as the API names them, in order. */
export function daysOf(from: string, to: string): string[] {
  const first = Math.floor(Date.parse(from) / DAY);
  const last = Math.floor((Date.parse(to) - 1) / DAY);
  return Array.from({ length: Math.max(last - first + 1, 0) }, (_, nth) =>
    new Date((first + nth) * DAY).toISOString().slice(0, 10),
  );
}

import Box from '@mui/material/Box';
import { formatDay } from '@/lib/dates';
import { formatCount } from '@/lib/numbers';
import { TextLink } from '@/ui/TextLink';
import type { ResourceUsage } from './queries';

const names = {
  agents: 'Agents',
  users: 'Users',
  tasks_per_month: 'Tasks this month',
} satisfies Record<ResourceUsage['resource'], string>;

/** From this share on, the limit is near. */
const NEAR = 0.8;

/** One limited resource: how much is used of how much. */
export function Meter({ usage }: { usage: ResourceUsage }) {
  const { resource, used, limit, resets_at } = usage;
  const share = limit === null ? 0 : limit === 0 ? 1 : Math.min(used / limit, 1);
  const color = share >= 1 ? 'error.main' : share >= NEAR ? 'warning.main' : 'primary.main';
  return (
    <Box>
      <Box sx={{ display: 'flex', justifyContent: 'space-between', gap: 2, fontSize: '0.875rem' }}>
        <span>{names[resource]}</span>
        <span>
          <strong>{formatCount(used)}</strong>
          <Box component="span" sx={{ color: 'text.secondary' }}>
            {limit === null ? ', no limit' : ` of ${formatCount(limit)}`}
          </Box>
        </span>
      </Box>
      {limit !== null && (
        <Box
          role="meter"
          aria-label={names[resource]}
          aria-valuemin={0}
          aria-valuemax={limit}
          aria-valuenow={used}
          aria-valuetext={`${used} of ${limit}`}
          sx={{ height: 8, borderRadius: 4, mt: 0.75, bgcolor: 'divider', overflow: 'hidden' }}
        >
          <Box
            sx={{
              width: `${share * 100}%`,
              minWidth: used > 0 ? 4 : 0,
              height: 1,
              bgcolor: color,
              borderRadius: 4,
            }}
          />
        </Box>
      )}
      {(share >= NEAR || resets_at !== null) && (
        <Box sx={{ fontSize: '0.7813rem', color: 'text.secondary', mt: 0.5 }}>
          {resets_at !== null && `Starts again on ${formatDay(resets_at)}. `}
          {share >= NEAR && (
            <>
              {share >= 1 ? 'The limit is reached. ' : 'The limit is near. '}
              <TextLink to="/settings?tab=plan">See plans</TextLink>
            </>
          )}
        </Box>
      )}
    </Box>
  );
}

import Box from '@mui/material/Box';
import Typography from '@mui/material/Typography';
import { useQuery } from '@tanstack/react-query';
import { formatIn } from '@/lib/dates';
import { previewQuery } from './scheduleQueries';

const SHOWN = 5;

/** When the schedule would be due next, by the clocks of its zone. */
export function NextRuns({ cron, zone }: { cron: string; zone: string }) {
  const isAsked = cron.trim().split(/\s+/).length === 5 && zone.trim() !== '';
  const query = useQuery({
    ...previewQuery({ cron: cron.trim(), time_zone: zone.trim() }),
    enabled: isAsked,
  });
  const runs = isAsked && !query.isError ? (query.data?.next_runs ?? []) : [];
  return (
    <Box
      component="section"
      aria-label="Next runs"
      aria-live="polite"
      sx={{ border: 1, borderColor: 'divider', borderRadius: '8px', px: 2, py: 1.5 }}
    >
      <Typography variant="caption" sx={{ color: 'text.secondary' }}>
        Next runs
      </Typography>
      {runs.length === 0 ? (
        <Typography variant="body2">
          {isAsked && query.isPending ? 'Asking…' : 'This is no time that comes.'}
        </Typography>
      ) : (
        <Box component="ul" sx={{ m: 0, p: 0, listStyle: 'none' }}>
          {runs.slice(0, SHOWN).map((time) => (
            <Typography key={time} component="li" variant="body2">
              {formatIn(time, zone.trim())}
            </Typography>
          ))}
        </Box>
      )}
    </Box>
  );
}

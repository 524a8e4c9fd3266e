import Box from '@mui/material/Box';
import Skeleton from '@mui/material/Skeleton';
import { type UseQueryResult, useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import { formatCompact } from '@/lib/numbers';
import { agentCountQuery, taskCountQuery } from './queries';

/** How things stand, each number leading to its list. */
export function Counts() {
  return (
    <Box
      component="ul"
      aria-label="Counts"
      sx={{
        display: 'grid',
        gridTemplateColumns: { xs: '1fr 1fr', sm: 'repeat(3, 1fr)', lg: 'repeat(5, 1fr)' },
        gap: '1px',
        listStyle: 'none',
        m: 0,
        p: 0,
        overflow: 'hidden',
        border: 1,
        borderColor: 'divider',
        borderRadius: '12px',
        bgcolor: 'background.paper',
      }}
    >
      <Count label="Agents" to="/agents" query={useQuery(agentCountQuery())} />
      <Count
        label="Agents running"
        to="/agents?status=running"
        query={useQuery(agentCountQuery('running'))}
      />
      <Count
        label="Tasks running"
        to="/tasks?status=running"
        query={useQuery(taskCountQuery('running'))}
      />
      <Count
        label="Tasks completed"
        to="/tasks?status=completed"
        query={useQuery(taskCountQuery('completed'))}
      />
      <Count
        label="Tasks failed"
        to="/tasks?status=failed"
        query={useQuery(taskCountQuery('failed'))}
        isBad
      />
    </Box>
  );
}

interface CountProps {
  label: string;
  to: string;
  query: UseQueryResult<number>;
  /** More than none is bad news. */
  isBad?: boolean;
}

function Count({ label, to, query, isBad = false }: CountProps) {
  const { data } = query;
  const alarms = isBad && data !== undefined && data > 0;
  return (
    <Box component="li" sx={{ outline: '1px solid', outlineColor: 'divider' }}>
      <Box
        component={Link}
        to={to}
        sx={{
          display: 'block',
          p: 2.25,
          color: 'text.primary',
          textDecoration: 'none',
          '&:hover': { bgcolor: 'background.sunken' },
          '&:focus-visible': {
            outline: '2px solid',
            outlineOffset: -2,
            outlineColor: 'primary.main',
          },
        }}
      >
        <Box
          sx={{
            fontSize: '1.75rem',
            lineHeight: 1.2,
            fontWeight: 620,
            letterSpacing: '-0.02em',
            color: alarms ? 'error.main' : 'inherit',
          }}
        >
          {data === undefined ? query.isError ? '–' : <Skeleton width={44} /> : formatCompact(data)}
        </Box>
        <Box sx={{ fontSize: '0.8438rem', color: 'text.secondary' }}>{label}</Box>
      </Box>
    </Box>
  );
}

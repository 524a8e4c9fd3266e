import EventRepeatOutlined from '@mui/icons-material/EventRepeatOutlined';
import FactCheckOutlined from '@mui/icons-material/FactCheckOutlined';
import GridViewOutlined from '@mui/icons-material/GridViewOutlined';
import GroupOutlined from '@mui/icons-material/GroupOutlined';
import HowToRegOutlined from '@mui/icons-material/HowToRegOutlined';
import PaidOutlined from '@mui/icons-material/PaidOutlined';
import SmartToyOutlined from '@mui/icons-material/SmartToyOutlined';
import TaskAltOutlined from '@mui/icons-material/TaskAltOutlined';
import TuneOutlined from '@mui/icons-material/TuneOutlined';
import VpnKeyOutlined from '@mui/icons-material/VpnKeyOutlined';
import Box from '@mui/material/Box';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { NavLink } from 'react-router';
import { useMe } from '@/api/me';
import type { StreamState } from '@/api/stream';
import { Brand } from '@/ui/Brand';
import { ModeToggle } from '@/ui/ModeToggle';
import { AccountMenu } from './AccountMenu';
import { LiveIndicator } from './LiveIndicator';

const places = [
  { to: '/', label: 'Overview', Icon: GridViewOutlined },
  { to: '/agents', label: 'Agents', Icon: SmartToyOutlined },
  { to: '/tasks', label: 'Tasks', Icon: TaskAltOutlined },
  { to: '/schedules', label: 'Schedules', Icon: EventRepeatOutlined },
  { to: '/approvals', label: 'Approvals', Icon: HowToRegOutlined },
  { to: '/usage', label: 'Usage', Icon: PaidOutlined },
  { to: '/audit', label: 'Audit', Icon: FactCheckOutlined },
  { to: '/team', label: 'Team', Icon: GroupOutlined },
  { to: '/keys', label: 'Keys', Icon: VpnKeyOutlined },
  { to: '/settings', label: 'Settings', Icon: TuneOutlined },
] as const;

interface SideBarProps {
  live: StreamState;
  onNavigate?: () => void;
}

/** Where the user is and can go, and as whom. */
export function SideBar({ live, onNavigate }: SideBarProps) {
  const { tenant } = useMe();
  return (
    <Stack
      component="aside"
      aria-label="Organisation and navigation"
      sx={{ height: '100%', p: 2, gap: 3, overflowY: 'auto' }}
    >
      <Box sx={{ px: 1, pt: 0.5 }}>
        <Brand />
        <Typography noWrap sx={{ mt: 2, fontWeight: 620 }} title={tenant.name}>
          {tenant.name}
        </Typography>
        <Typography noWrap variant="caption" sx={{ color: 'text.secondary', display: 'block' }}>
          {tenant.subdomain}
        </Typography>
      </Box>
      <Stack component="nav" aria-label="Main" sx={{ gap: 0.25, flexGrow: 1 }}>
        {places.map(({ to, label, Icon }) => (
          <Box
            key={to}
            component={NavLink}
            to={to}
            end={to === '/'}
            onClick={onNavigate}
            sx={{
              display: 'flex',
              alignItems: 'center',
              gap: 1.5,
              px: 1.25,
              py: 1,
              borderRadius: '8px',
              color: 'text.secondary',
              textDecoration: 'none',
              fontSize: '0.9062rem',
              fontWeight: 560,
              border: 1,
              borderColor: 'transparent',
              '&:hover': { color: 'text.primary', bgcolor: 'action.hover' },
              '&:focus-visible': { outline: '2px solid', outlineColor: 'primary.main' },
              '&.active': {
                color: 'primary.main',
                bgcolor: 'background.paper',
                borderColor: 'divider',
              },
            }}
          >
            <Icon sx={{ fontSize: 20 }} />
            {label}
          </Box>
        ))}
      </Stack>
      <Stack direction="row" sx={{ px: 1, alignItems: 'center', justifyContent: 'space-between' }}>
        <LiveIndicator state={live} />
        <ModeToggle />
      </Stack>
      <AccountMenu />
    </Stack>
  );
}

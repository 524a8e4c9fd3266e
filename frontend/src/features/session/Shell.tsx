import MenuOutlined from '@mui/icons-material/MenuOutlined';
import Box from '@mui/material/Box';
import Drawer from '@mui/material/Drawer';
import IconButton from '@mui/material/IconButton';
import LinearProgress from '@mui/material/LinearProgress';
import Stack from '@mui/material/Stack';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { Outlet, ScrollRestoration, useLocation, useNavigation } from 'react-router';
import type { StreamState } from '@/api/stream';
import { Brand } from '@/ui/Brand';
import { LiveIndicator } from './LiveIndicator';
import { PasswordAgain } from './PasswordAgain';
import { SideBar } from './SideBar';

const SIDE_WIDTH = 232;

interface ShellProps {
  live: StreamState;
  /** Stands above every page. */
  banner: ReactNode;
}

/** Navigation beside the page on wide screens, behind a button on narrow ones. */
export function Shell({ live, banner }: ShellProps) {
  const [isOpen, setOpen] = useState(false);
  const { pathname } = useLocation();
  const isLoading = useNavigation().state === 'loading';
  const main = useRef<HTMLElement>(null);
  const shownPath = useRef(pathname);
  useEffect(() => {
    // A new page starts at its beginning for keyboards and screen readers too.
    if (shownPath.current !== pathname) main.current?.focus({ preventScroll: true });
    shownPath.current = pathname;
  }, [pathname]);

  return (
    <Box sx={{ display: 'flex', minHeight: '100dvh' }}>
      <ScrollRestoration />
      <PasswordAgain />
      <Box
        component="a"
        href="#main"
        sx={{
          position: 'fixed',
          left: 12,
          top: -60,
          zIndex: 2000,
          px: 2,
          py: 1,
          borderRadius: '8px',
          bgcolor: 'primary.main',
          color: 'primary.contrastText',
          '&:focus': { top: 12 },
        }}
      >
        Skip to the content
      </Box>
      <Box sx={{ display: { xs: 'none', md: 'block' }, width: SIDE_WIDTH, flexShrink: 0 }}>
        <Box sx={{ position: 'fixed', inset: '0 auto 0 0', width: SIDE_WIDTH }}>
          <SideBar live={live} />
        </Box>
      </Box>
      <Drawer
        open={isOpen}
        onClose={() => setOpen(false)}
        sx={{ display: { md: 'none' } }}
        slotProps={{
          paper: {
            'aria-label': 'Navigation',
            sx: { width: SIDE_WIDTH + 28, bgcolor: 'background.default' },
          },
        }}
      >
        <SideBar live={live} onNavigate={() => setOpen(false)} />
      </Drawer>
      <Stack sx={{ flexGrow: 1, minWidth: 0 }}>
        <Stack
          component="header"
          direction="row"
          sx={{
            display: { md: 'none' },
            alignItems: 'center',
            gap: 1,
            px: 1.5,
            py: 1,
            position: 'sticky',
            top: 0,
            zIndex: 10,
            bgcolor: 'background.default',
            borderBottom: 1,
            borderColor: 'divider',
          }}
        >
          <IconButton aria-label="Open navigation" onClick={() => setOpen(true)}>
            <MenuOutlined />
          </IconButton>
          <Box sx={{ flexGrow: 1 }}>
            <Brand size={24} />
          </Box>
          <LiveIndicator state={live} />
        </Stack>
        <Box sx={{ height: 0, position: 'relative', zIndex: 11 }}>
          {isLoading && (
            <LinearProgress
              aria-label="Loading page"
              sx={{ position: 'absolute', inset: 0, height: 2 }}
            />
          )}
        </Box>
        {banner}
        <Box
          component="main"
          id="main"
          ref={main}
          tabIndex={-1}
          sx={{ flexGrow: 1, minWidth: 0, outline: 'none', p: { xs: 2, sm: 3, lg: 4 } }}
        >
          <Outlet />
        </Box>
      </Stack>
    </Box>
  );
}

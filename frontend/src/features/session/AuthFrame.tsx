import Box from '@mui/material/Box';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import type { ReactNode } from 'react';
import { Brand } from '@/ui/Brand';
import { ModeToggle } from '@/ui/ModeToggle';
import { RecordArt } from './RecordArt';

interface AuthFrameProps {
  title: string;
  lead?: string;
  /** The way to the neighbouring page. */
  foot: ReactNode;
  children: ReactNode;
}

/** The frame of the pages before signing in. */
export function AuthFrame({ title, lead, foot, children }: AuthFrameProps) {
  return (
    <Box
      sx={{
        minHeight: '100dvh',
        display: 'grid',
        gridTemplateColumns: { xs: 'minmax(0, 1fr)', md: 'minmax(0, 5fr) minmax(0, 6fr)' },
        bgcolor: 'background.paper',
      }}
    >
      <title>{`${title} · AgentCores`}</title>
      <RecordArt />
      <Stack sx={{ p: { xs: 2.5, sm: 4 } }}>
        <Stack
          component="header"
          direction="row"
          sx={{ justifyContent: 'space-between', alignItems: 'center' }}
        >
          <Box sx={{ visibility: { md: 'hidden' } }}>
            <Brand />
          </Box>
          <ModeToggle />
        </Stack>
        <Box component="main" sx={{ width: '100%', maxWidth: 440, m: 'auto', py: 4 }}>
          <Typography variant="h1">{title}</Typography>
          <Typography sx={{ color: 'text.secondary', mt: 0.75, mb: 3 }}>{lead}</Typography>
          {children}
          <Typography component="div" variant="body2" sx={{ mt: 3, color: 'text.secondary' }}>
            {foot}
          </Typography>
        </Box>
      </Stack>
    </Box>
  );
}

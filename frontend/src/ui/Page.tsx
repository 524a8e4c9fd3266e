import Box from '@mui/material/Box';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import type { ReactNode } from 'react';

interface PageProps {
  title: string;
  /** A line under the title. */
  lead?: ReactNode;
  /** Stands above the title: where the user comes from. */
  above?: ReactNode;
  /** Beside the title: status marks. */
  aside?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}

/** One page: its title (also the document's), what can be done, and the content. */
export function Page({ title, lead, above, aside, actions, children }: PageProps) {
  return (
    <Box sx={{ maxWidth: 1180, mx: 'auto', width: '100%' }}>
      <title>{`${title} · AgentCores`}</title>
      {above !== undefined && <Box sx={{ mb: 0.5, fontSize: '0.875rem' }}>{above}</Box>}
      <Stack
        direction={{ xs: 'column', sm: 'row' }}
        sx={{ gap: 2, alignItems: { sm: 'flex-start' }, justifyContent: 'space-between', mb: 3 }}
      >
        <Box sx={{ minWidth: 0 }}>
          <Stack direction="row" sx={{ gap: 1.5, alignItems: 'center', flexWrap: 'wrap' }}>
            <Typography variant="h1">{title}</Typography>
            {aside}
          </Stack>
          {lead !== undefined && (
            <Typography
              component="div"
              sx={{ color: 'text.secondary', mt: 0.75, maxWidth: '68ch' }}
            >
              {lead}
            </Typography>
          )}
        </Box>
        {actions !== undefined && (
          <Stack direction="row" sx={{ gap: 1, flexWrap: 'wrap', flexShrink: 0 }}>
            {actions}
          </Stack>
        )}
      </Stack>
      {children}
    </Box>
  );
}

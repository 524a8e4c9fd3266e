import Box, { type BoxProps } from '@mui/material/Box';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { type ReactNode, useId } from 'react';

interface PanelProps {
  title?: string;
  actions?: ReactNode;
  /** Lets the content touch the panel's edges, for tables and lists. */
  isFlush?: boolean;
  children: ReactNode;
  sx?: BoxProps['sx'];
}

/** A titled sheet on the page. */
export function Panel({ title, actions, isFlush = false, children, sx }: PanelProps) {
  const heading = useId();
  return (
    <Box
      component="section"
      aria-labelledby={title === undefined ? undefined : heading}
      sx={[
        {
          bgcolor: 'background.paper',
          border: 1,
          borderColor: 'divider',
          borderRadius: '12px',
          overflow: 'hidden',
          minWidth: 0,
        },
        ...(Array.isArray(sx) ? sx : [sx]),
      ]}
    >
      {title !== undefined && (
        <Stack
          direction="row"
          sx={{ px: 2.5, pt: 2, pb: 1.25, alignItems: 'center', gap: 1, minHeight: 48 }}
        >
          <Typography id={heading} variant="h2" sx={{ flexGrow: 1 }}>
            {title}
          </Typography>
          {actions}
        </Stack>
      )}
      <Box sx={isFlush ? {} : { px: 2.5, pb: 2.5, pt: title === undefined ? 2.5 : 0.5 }}>
        {children}
      </Box>
    </Box>
  );
}

import Box from '@mui/material/Box';
import type { ReactNode } from 'react';

/** Names and values; facts without a value (null) are left out. */
export function Facts({ facts }: { facts: readonly (readonly [string, ReactNode])[] }) {
  return (
    <Box
      component="dl"
      sx={{
        display: 'grid',
        gridTemplateColumns: 'minmax(96px, max-content) 1fr',
        columnGap: 2.5,
        rowGap: 0.9,
        m: 0,
        fontSize: '0.875rem',
      }}
    >
      {facts
        .filter(([, value]) => value !== null)
        .map(([name, value]) => (
          <Box key={name} sx={{ display: 'contents' }}>
            <Box component="dt" sx={{ color: 'text.secondary' }}>
              {name}
            </Box>
            <Box component="dd" sx={{ m: 0, minWidth: 0 }}>
              {value}
            </Box>
          </Box>
        ))}
    </Box>
  );
}

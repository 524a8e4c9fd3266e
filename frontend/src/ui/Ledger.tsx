import Box from '@mui/material/Box';
import type { ReactNode } from 'react';
import { monospace } from './theme';

export interface LedgerEntry {
  key: string | number;
  /** The entry's number in the log, or another short mark. */
  mark: string;
  tone: 'good' | 'bad' | 'quiet' | 'plain';
  text: ReactNode;
  time: ReactNode;
}

const tones = {
  good: 'success.main',
  bad: 'error.main',
  quiet: 'text.disabled',
  plain: 'mark',
} satisfies Record<LedgerEntry['tone'], string>;

/** What happened, entry by entry along one line. */
export function Ledger({ label, entries }: { label: string; entries: readonly LedgerEntry[] }) {
  return (
    <Box component="ol" aria-label={label} sx={{ listStyle: 'none', m: 0, p: 0 }}>
      {entries.map(({ key, mark, tone, text, time }) => (
        <Box
          component="li"
          key={key}
          sx={{
            display: 'grid',
            gridTemplateColumns: { xs: '20px minmax(0, 1fr)', sm: '52px 20px minmax(0, 1fr) auto' },
            alignItems: 'baseline',
            columnGap: 1,
            py: 0.75,
            position: 'relative',
            fontSize: '0.875rem',
            '&::before': {
              content: '""',
              position: 'absolute',
              left: { xs: 9, sm: 69 },
              top: 0,
              bottom: 0,
              width: '2px',
              bgcolor: 'divider',
            },
            '&:first-of-type::before': { top: 16 },
            '&:last-of-type::before': { bottom: 'auto', height: 16 },
          }}
        >
          <Box
            component="span"
            sx={{
              display: { xs: 'none', sm: 'block' },
              fontFamily: monospace,
              fontSize: '0.75rem',
              color: 'text.secondary',
              textAlign: 'right',
            }}
          >
            {mark}
          </Box>
          <Box
            aria-hidden
            sx={{
              justifySelf: 'center',
              alignSelf: 'start',
              mt: tone === 'quiet' ? '8px' : '6px',
              width: tone === 'quiet' ? 6 : 10,
              height: tone === 'quiet' ? 6 : 10,
              borderRadius: '50%',
              bgcolor: tones[tone],
              outline: '3px solid',
              outlineColor: (theme) => theme.vars?.palette.background.paper,
              zIndex: 1,
            }}
          />
          <Box sx={{ minWidth: 0, color: tone === 'quiet' ? 'text.secondary' : 'text.primary' }}>
            {text}
          </Box>
          <Box
            sx={{
              color: 'text.secondary',
              fontSize: '0.7813rem',
              gridColumn: { xs: 2, sm: 'auto' },
            }}
          >
            {time}
          </Box>
        </Box>
      ))}
    </Box>
  );
}

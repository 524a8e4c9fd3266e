import Box from '@mui/material/Box';

/** What a status means, apart from its word. */
export type StatusTone = 'still' | 'waiting' | 'moving' | 'held' | 'good' | 'bad' | 'gone';

const colors = {
  still: 'text.secondary',
  waiting: 'info.main',
  moving: 'primary.main',
  held: 'warning.main',
  good: 'success.main',
  bad: 'error.main',
  gone: 'text.secondary',
} satisfies Record<StatusTone, string>;

/** Each tone has its own shape, so that colour alone carries nothing. */
const shapes = {
  still: <circle cx="5" cy="5" r="3.6" fill="none" stroke="currentColor" strokeWidth="1.7" />,
  waiting: (
    <circle
      cx="5"
      cy="5"
      r="3.6"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.7"
      strokeDasharray="2.6 1.9"
    />
  ),
  moving: <circle cx="5" cy="5" r="4.2" fill="currentColor" />,
  held: <path d="M2.6 1.2v7.6M7.4 1.2v7.6" stroke="currentColor" strokeWidth="2.3" />,
  good: <path d="M.9 5.3l2.9 2.9L9.2 1.9" fill="none" stroke="currentColor" strokeWidth="2" />,
  bad: <path d="M1.5 1.5l7 7M8.5 1.5l-7 7" stroke="currentColor" strokeWidth="2.1" />,
  gone: <path d="M1 5h8" stroke="currentColor" strokeWidth="2.1" />,
} satisfies Record<StatusTone, React.ReactNode>;

/** A status as shape and word. */
export function StatusMark({ tone, label }: { tone: StatusTone; label: string }) {
  return (
    <Box
      component="span"
      sx={{
        display: 'inline-flex',
        alignItems: 'center',
        gap: 0.9,
        color: colors[tone],
        fontSize: '0.8438rem',
        fontWeight: 580,
        whiteSpace: 'nowrap',
        '@keyframes breathe': { '50%': { opacity: 0.35 } },
        '& svg': tone === 'moving' ? { animation: 'breathe 1.8s ease-in-out infinite' } : {},
      }}
    >
      <svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true">
        {shapes[tone]}
      </svg>
      {label}
    </Box>
  );
}

import Box from '@mui/material/Box';

/** A text that is still being written. Whoever listens to the page hears it when it is whole. */
export function LiveText({ label, text }: { label: string; text: string }) {
  return (
    <Box
      role="group"
      aria-label={label}
      aria-busy
      aria-live="off"
      sx={{
        whiteSpace: 'pre-wrap',
        overflowWrap: 'anywhere',
        fontSize: '1rem',
        lineHeight: 1.6,
        maxWidth: '72ch',
        '&::after': {
          content: '""',
          display: 'inline-block',
          width: '0.5em',
          height: '1em',
          ml: '0.15em',
          verticalAlign: '-0.12em',
          borderRadius: '2px',
          bgcolor: 'mark',
          animation: 'ac-writing 1.1s steps(2, jump-none) infinite',
        },
        '@keyframes ac-writing': { from: { opacity: 1 }, to: { opacity: 0.2 } },
      }}
    >
      {text}
    </Box>
  );
}

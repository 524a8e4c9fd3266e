import Box from '@mui/material/Box';
import { CopyButton } from './CopyButton';

/** A text to read and copy as it is. */
export function TextView({ text, label }: { text: string; label: string }) {
  return (
    <Box sx={{ position: 'relative' }}>
      <Box
        component="pre"
        // Scrolling regions must be reachable by keyboard.
        tabIndex={0}
        aria-label={label}
        role="group"
        sx={{
          m: 0,
          p: 1.75,
          pr: 6,
          maxHeight: 420,
          overflow: 'auto',
          whiteSpace: 'pre-wrap',
          bgcolor: 'background.sunken',
          border: 1,
          borderColor: 'divider',
          borderRadius: '8px',
          lineHeight: 1.55,
        }}
      >
        {text}
      </Box>
      <Box sx={{ position: 'absolute', top: 6, right: 6 }}>
        <CopyButton text={text} label={`Copy ${label}`} />
      </Box>
    </Box>
  );
}

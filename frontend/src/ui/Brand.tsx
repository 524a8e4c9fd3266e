import Box from '@mui/material/Box';
import { useId } from 'react';

/** The product's mark and name. */
export function Brand({ size = 28, hasName = true }: { size?: number; hasName?: boolean }) {
  const title = useId();
  return (
    <Box sx={{ display: 'flex', alignItems: 'center', gap: 1.25 }}>
      <svg width={size} height={size} viewBox="0 0 32 32" role="img" aria-labelledby={title}>
        <title id={title}>AgentCores</title>
        <rect width="32" height="32" rx="8" fill="#1d5a50" />
        <g stroke="#ffffff" strokeWidth="2.6" strokeLinecap="round">
          <path d="M10 6.5v19" stroke="#8fd3c2" />
          <path d="M15 10h8M15 16h5M15 22h8" />
        </g>
        <circle cx="10" cy="16" r="3.4" fill="#f2c14e" />
      </svg>
      {hasName && (
        <Box
          component="span"
          aria-hidden
          sx={{ fontWeight: 680, fontSize: size * 0.62, letterSpacing: '-0.02em' }}
        >
          AgentCores
        </Box>
      )}
    </Box>
  );
}

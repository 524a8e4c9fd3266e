import Box from '@mui/material/Box';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { Brand } from '@/ui/Brand';
import { monospace } from '@/ui/theme';

const record = [
  ['0001', 'tenant.created'],
  ['0002', 'user.registered'],
  ['0003', 'agent.created'],
  ['0004', 'agent.started'],
  ['0005', 'task.created'],
  ['0006', 'task.queued'],
  ['0007', 'task.attempt_started'],
  ['0008', 'task.completed'],
] as const;

/** The picture beside the sign-in pages: the record that the product keeps. Wide screens only. */
export function RecordArt() {
  return (
    <Stack
      component="aside"
      aria-label="About AgentCores"
      sx={{
        display: { xs: 'none', md: 'flex' },
        justifyContent: 'space-between',
        gap: 4,
        p: 5,
        color: '#dcebe6',
        background: 'linear-gradient(165deg, #17463d 0%, #0e2a25 62%, #0b1f1b 100%)',
      }}
    >
      <Brand size={30} />
      <Box
        aria-hidden
        sx={{
          position: 'relative',
          fontFamily: monospace,
          fontSize: '0.875rem',
          maskImage: 'linear-gradient(to bottom, transparent, #000 45%)',
        }}
      >
        {record.map(([position, type], index) => (
          <Box
            key={position}
            sx={{
              display: 'grid',
              gridTemplateColumns: '44px 12px 1fr',
              gap: 2,
              alignItems: 'center',
              py: 1.1,
              position: 'relative',
              '&::before': {
                content: '""',
                position: 'absolute',
                left: 65,
                top: 0,
                bottom: index === record.length - 1 ? '50%' : 0,
                width: '2px',
                bgcolor: 'rgb(143 211 194 / 0.35)',
              },
            }}
          >
            <Box component="span" sx={{ opacity: 0.6 }}>
              {position}
            </Box>
            <Box
              sx={{
                width: 12,
                height: 12,
                borderRadius: '50%',
                zIndex: 1,
                bgcolor: index === record.length - 1 ? '#f2c14e' : '#8fd3c2',
              }}
            />
            <span>{type}</span>
          </Box>
        ))}
      </Box>
      <Box sx={{ maxWidth: '36ch' }}>
        <Typography
          component="p"
          sx={{ fontSize: '1.625rem', lineHeight: 1.25, fontWeight: 620, letterSpacing: '-0.02em' }}
        >
          Agents at work, every step on record.
        </Typography>
        <Typography sx={{ mt: 1.25, opacity: 0.8 }}>
          Run AI agents for your organisation, see results as they come, and look up who did what,
          when and why.
        </Typography>
      </Box>
    </Stack>
  );
}

import ExpandMoreOutlined from '@mui/icons-material/ExpandMoreOutlined';
import Box from '@mui/material/Box';
import ButtonBase from '@mui/material/ButtonBase';
import { useId, useState } from 'react';
import { formatDateTime } from '@/lib/dates';
import { describeEvent, eventTone, nameActor } from '@/lib/describeEvent';
import { monospace } from '@/ui/theme';
import { AuditDetails } from './AuditDetails';
import type { AuditEvent } from './queries';

const marks = { good: 'success.main', bad: 'error.main', quiet: 'text.disabled', plain: 'mark' };

/** One event; opening it shows its payload and where it came from. */
export function AuditRow({ event }: { event: AuditEvent }) {
  const [isOpen, setOpen] = useState(false);
  const details = useId();
  return (
    <Box
      component="li"
      sx={{ borderTop: 1, borderColor: 'divider', '&:first-of-type': { borderTop: 0 } }}
    >
      <ButtonBase
        aria-expanded={isOpen}
        aria-controls={details}
        onClick={() => setOpen(!isOpen)}
        sx={{
          width: '100%',
          display: 'grid',
          gridTemplateColumns: {
            xs: '12px minmax(0, 1fr) auto',
            md: '72px 12px minmax(0, 1fr) 200px 180px 24px',
          },
          columnGap: 1.5,
          rowGap: 0.25,
          alignItems: 'center',
          textAlign: 'left',
          px: 2,
          py: 1.25,
          fontSize: '0.875rem',
          '&:hover, &:focus-visible': { bgcolor: 'background.sunken' },
          '&:focus-visible': {
            outline: '2px solid',
            outlineOffset: -2,
            outlineColor: 'primary.main',
          },
        }}
      >
        <Box
          component="span"
          sx={{
            display: { xs: 'none', md: 'block' },
            fontFamily: monospace,
            fontSize: '0.75rem',
            color: 'text.secondary',
          }}
        >
          #{event.position}
        </Box>
        <Box
          aria-hidden
          sx={{
            width: 9,
            height: 9,
            borderRadius: '50%',
            bgcolor: marks[eventTone(event.event_type)],
          }}
        />
        <Box component="span" sx={{ minWidth: 0 }}>
          <strong>{nameActor(event.actor)}</strong>{' '}
          {describeEvent({ ...event, type: event.event_type })}
        </Box>
        <Box
          component="code"
          sx={{
            color: 'text.secondary',
            gridColumn: { xs: '2', md: 'auto' },
            gridRow: { xs: '2', md: 'auto' },
          }}
        >
          {event.event_type}
        </Box>
        <Box
          component="time"
          dateTime={event.recorded_at}
          sx={{
            color: 'text.secondary',
            fontSize: '0.8125rem',
            gridColumn: { xs: '2', md: 'auto' },
            gridRow: { xs: '3', md: 'auto' },
          }}
        >
          {formatDateTime(event.recorded_at)}
        </Box>
        <ExpandMoreOutlined
          sx={{
            fontSize: 20,
            color: 'text.secondary',
            transform: isOpen ? 'rotate(180deg)' : 'none',
            gridRow: { xs: '1', md: 'auto' },
            gridColumn: { xs: '3', md: 'auto' },
          }}
        />
      </ButtonBase>
      <Box id={details} hidden={!isOpen}>
        {isOpen && <AuditDetails event={event} />}
      </Box>
    </Box>
  );
}

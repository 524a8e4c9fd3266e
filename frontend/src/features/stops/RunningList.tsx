import Box from '@mui/material/Box';
import { useId } from 'react';
import { Ago } from '@/ui/Ago';
import { TextLink } from '@/ui/TextLink';

interface RunningListProps {
  title: string;
  tasks: readonly { id: string; name: string; since: string | null; note?: string }[];
}

/** Tasks that run, or did, and since when. */
export function RunningList({ title, tasks }: RunningListProps) {
  const heading = useId();
  return (
    <Box component="section" aria-labelledby={heading}>
      <Box id={heading} sx={{ fontWeight: 560 }}>
        {title}
      </Box>
      <Box
        component="ul"
        sx={{ listStyle: 'none', m: 0, mt: 1, p: 0, maxHeight: 260, overflow: 'auto' }}
      >
        {tasks.map(({ id, name, since, note }) => (
          <Box
            key={id}
            component="li"
            sx={{ py: 1, borderTop: 1, borderColor: 'divider', fontSize: '0.875rem' }}
          >
            <TextLink to={`/tasks/${id}`}>{name}</TextLink>
            <Box sx={{ color: 'text.secondary', fontSize: '0.8125rem' }}>
              {note !== undefined && `${note}, `}
              {since !== null && (
                <>
                  began <Ago time={since} />
                </>
              )}
            </Box>
          </Box>
        ))}
      </Box>
    </Box>
  );
}

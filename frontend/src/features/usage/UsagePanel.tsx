import Stack from '@mui/material/Stack';
import { useQuery } from '@tanstack/react-query';
import { Answered } from '@/ui/Answered';
import { Panel } from '@/ui/Panel';
import { Meter } from './Meter';
import { usageQuery } from './queries';

/** What is used of what the plan allows. */
export function UsagePanel() {
  return (
    <Panel title="Usage">
      <Answered query={useQuery(usageQuery)}>
        {({ resources }) => (
          <Stack sx={{ gap: 2.25 }}>
            {resources.map((usage) => (
              <Meter key={usage.resource} usage={usage} />
            ))}
          </Stack>
        )}
      </Answered>
    </Panel>
  );
}

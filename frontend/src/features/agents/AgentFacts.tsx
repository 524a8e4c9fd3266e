import Alert from '@mui/material/Alert';
import Chip from '@mui/material/Chip';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { Ago } from '@/ui/Ago';
import { Facts } from '@/ui/Facts';
import { JsonView } from '@/ui/JsonView';
import { Panel } from '@/ui/Panel';
import type { Agent } from './queries';

/** All there is to know of an agent. */
export function AgentFacts({ agent }: { agent: Agent }) {
  return (
    <Panel title="About">
      <Stack sx={{ gap: 2.5 }}>
        {agent.error !== null && (
          <Alert severity="error" variant="outlined">
            {agent.error}
          </Alert>
        )}
        <Facts
          facts={[
            ['Type', <code key="type">{agent.agent_type}</code>],
            [
              'Capabilities',
              agent.capabilities.length === 0 ? (
                'None named'
              ) : (
                <Stack key="capabilities" direction="row" sx={{ gap: 0.75, flexWrap: 'wrap' }}>
                  {agent.capabilities.map((capability) => (
                    <Chip key={capability} size="small" label={capability} />
                  ))}
                </Stack>
              ),
            ],
            ['Created', <Ago key="created" time={agent.created_at} />],
            ['Changed', <Ago key="changed" time={agent.updated_at} />],
            ['Version', agent.version],
          ]}
        />
        <div>
          <Typography variant="h3" sx={{ mb: 1 }}>
            Configuration
          </Typography>
          <JsonView value={agent.configuration} label="configuration" />
        </div>
      </Stack>
    </Panel>
  );
}

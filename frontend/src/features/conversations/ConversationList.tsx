import Box from '@mui/material/Box';
import List from '@mui/material/List';
import ListItem from '@mui/material/ListItem';
import ListItemButton from '@mui/material/ListItemButton';
import Typography from '@mui/material/Typography';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import { Ago } from '@/ui/Ago';
import { Answered } from '@/ui/Answered';
import { Panel } from '@/ui/Panel';
import { TextLink } from '@/ui/TextLink';
import { conversationListQuery } from './queries';

interface ConversationListProps {
  agent: string;
  /** The one that is shown. */
  current: string | undefined;
}

/** The conversations with an agent, the latest first. */
export function ConversationList({ agent, current }: ConversationListProps) {
  const address = `/agents/${agent}/conversations`;
  return (
    <Panel
      title="Conversations"
      isFlush
      actions={current !== undefined && <TextLink to={address}>New</TextLink>}
    >
      <Answered query={useQuery(conversationListQuery(agent))}>
        {({ items, total }) =>
          total === 0 ? (
            <Typography variant="body2" sx={{ px: 2.5, pb: 2.5, color: 'text.secondary' }}>
              What is said stands here afterwards.
            </Typography>
          ) : (
            <Box component="nav" aria-label="Conversations">
              <List sx={{ py: 0.5 }}>
                {items.map(({ id, title, updated_at }) => (
                  <ListItem key={id} disablePadding>
                    <ListItemButton
                      component={Link}
                      to={`${address}/${id}`}
                      selected={id === current}
                      aria-current={id === current ? 'page' : undefined}
                      sx={{ px: 2.5, py: 1, display: 'block' }}
                    >
                      <Box sx={{ fontWeight: 560, overflowWrap: 'anywhere' }}>{title}</Box>
                      <Typography variant="caption" sx={{ color: 'text.secondary' }}>
                        <Ago time={updated_at} />
                      </Typography>
                    </ListItemButton>
                  </ListItem>
                ))}
              </List>
              {total > items.length && (
                <Typography variant="caption" sx={{ px: 2.5, color: 'text.secondary' }}>
                  The latest {items.length} of {total}.
                </Typography>
              )}
            </Box>
          )
        }
      </Answered>
    </Panel>
  );
}

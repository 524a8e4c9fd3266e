import Box from '@mui/material/Box';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { session } from '@/api/browserSession';
import { problemOf } from '@/api/problem';
import { PAGE_SIZE } from '@/lib/paging';
import { useUrlFilters } from '@/lib/useUrlFilters';
import { ActionButton } from '@/ui/ActionButton';
import { Ago } from '@/ui/Ago';
import { Answered } from '@/ui/Answered';
import { ConfirmDialog } from '@/ui/ConfirmDialog';
import { type Column, DataTable } from '@/ui/DataTable';
import { useNotify } from '@/ui/Notices';
import { Pager } from '@/ui/Pager';
import { Panel } from '@/ui/Panel';
import { StatusMark } from '@/ui/StatusMark';
import { nameProgram } from './program';
import { type OpenSession, sessionListQuery, useEndOtherSessions, useEndSession } from './queries';

const columns: readonly Column<OpenSession>[] = [
  {
    header: 'Where',
    narrow: 'title',
    width: '40%',
    cell: ({ user_agent, ip }) => (
      <>
        <Box sx={{ fontWeight: 560, overflowWrap: 'anywhere' }} title={user_agent ?? undefined}>
          {nameProgram(user_agent)}
        </Box>
        <Box sx={{ color: 'text.secondary', fontSize: '0.8125rem' }}>{ip ?? 'Unknown address'}</Box>
      </>
    ),
  },
  {
    header: 'Status',
    narrow: 'corner',
    cell: ({ current }) =>
      current ? (
        <StatusMark tone="moving" label="This one" />
      ) : (
        <StatusMark tone="good" label="Open" />
      ),
  },
  { header: 'Signed in', narrow: 'line', cell: ({ created_at }) => <Ago time={created_at} /> },
  { header: 'Last used', narrow: 'line', cell: ({ last_used_at }) => <Ago time={last_used_at} /> },
  {
    header: 'Actions',
    narrow: 'foot',
    align: 'right',
    cell: (open) => <SessionEnd open={open} />,
  },
];

/** Where the user is signed in, with the way to end it. */
export function SessionList() {
  const filters = useUrlFilters([]);
  const query = useQuery(sessionListQuery({ cursor: filters.cursor, limit: PAGE_SIZE }));
  return (
    <Panel title="Where you are signed in" isFlush actions={<OthersEnd />}>
      <Answered query={query}>
        {(page) => (
          <>
            <DataTable
              label="Sessions"
              rows={page.items}
              columns={columns}
              rowKey={({ id }) => id}
            />
            <Pager page={page} filters={filters} />
          </>
        )}
      </Answered>
    </Panel>
  );
}

function SessionEnd({ open }: { open: OpenSession }) {
  const notify = useNotify();
  const end = useEndSession();
  return (
    <ActionButton
      verdict={{ allowed: true }}
      size="small"
      variant="outlined"
      color={open.current ? 'primary' : 'error'}
      loading={end.isPending}
      aria-label={
        open.current ? 'Sign out here' : `End the session of ${nameProgram(open.user_agent)}`
      }
      onClick={() =>
        open.current
          ? void session.signOut()
          : end.mutate(open.id, {
              onSuccess: () => notify('The session is ended'),
              onError: (error) => notify(problemOf(error).detail),
            })
      }
    >
      {open.current ? 'Sign out' : 'End'}
    </ActionButton>
  );
}

function OthersEnd() {
  const notify = useNotify();
  const [isAsking, setAsking] = useState(false);
  const end = useEndOtherSessions();
  return (
    <>
      <ActionButton
        verdict={{ allowed: true }}
        size="small"
        variant="outlined"
        color="error"
        onClick={() => setAsking(true)}
      >
        End all others
      </ActionButton>
      {isAsking && (
        <ConfirmDialog
          title="End all other sessions?"
          confirmLabel="End them"
          isDestructive
          isSending={end.isPending}
          error={end.error}
          onConfirm={() =>
            end.mutate(undefined, {
              onSuccess: () => {
                setAsking(false);
                notify('You are signed in here alone');
              },
            })
          }
          onClose={() => setAsking(false)}
        >
          You stay signed in here and are signed out everywhere else, at once.
        </ConfirmDialog>
      )}
    </>
  );
}

import Box from '@mui/material/Box';
import { Ago } from '@/ui/Ago';
import { type Column, DataTable } from '@/ui/DataTable';
import { StatusMark } from '@/ui/StatusMark';
import type { User } from './queries';
import { nameOf, roleNames, userStatus } from './roles';
import { UserActions } from './UserActions';

const columns: readonly Column<User>[] = [
  {
    header: 'Name',
    narrow: 'title',
    width: '40%',
    cell: (user) => (
      <>
        <Box sx={{ fontWeight: 560 }}>{nameOf(user)}</Box>
        {user.full_name !== null && (
          <Box sx={{ color: 'text.secondary', fontSize: '0.8125rem' }}>{user.email}</Box>
        )}
      </>
    ),
  },
  { header: 'Role', narrow: 'line', cell: ({ role }) => roleNames[role] },
  {
    header: 'Status',
    narrow: 'corner',
    cell: ({ status }) => <StatusMark {...userStatus[status]} />,
  },
  {
    header: 'Last sign-in',
    narrow: 'line',
    cell: ({ last_login }) => (last_login === null ? 'Never' : <Ago time={last_login} />),
  },
  {
    header: 'Actions',
    narrow: 'foot',
    align: 'right',
    cell: (user) => <UserActions user={user} />,
  },
];

/** The organisation's people. */
export function UserTable({ users }: { users: readonly User[] }) {
  return <DataTable label="Users" rows={users} columns={columns} rowKey={({ id }) => id} />;
}

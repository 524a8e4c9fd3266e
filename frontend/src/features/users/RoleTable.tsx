import CheckOutlined from '@mui/icons-material/CheckOutlined';
import Box from '@mui/material/Box';
import { useTheme } from '@mui/material/styles';
import Table from '@mui/material/Table';
import TableBody from '@mui/material/TableBody';
import TableCell from '@mui/material/TableCell';
import TableContainer from '@mui/material/TableContainer';
import TableHead from '@mui/material/TableHead';
import TableRow from '@mui/material/TableRow';
import useMediaQuery from '@mui/material/useMediaQuery';
import { useQuery } from '@tanstack/react-query';
import type { Schemas } from '@/api/client';
import { rolesQuery } from '@/api/roles';
import { Answered } from '@/ui/Answered';
import { Facts } from '@/ui/Facts';
import { Panel } from '@/ui/Panel';
import { roleNames } from './roles';

/** The whole policy: what each role is for, and what it allows. */
export function RoleTable() {
  return (
    <Answered query={useQuery(rolesQuery)}>
      {(policy) => (
        <Box sx={{ display: 'grid', gap: 2.5 }}>
          <Panel title="What each role is for">
            <Facts facts={policy.items.map(({ role, meaning }) => [roleNames[role], meaning])} />
          </Panel>
          <Panel title="What each role allows" isFlush>
            <Permissions policy={policy} />
          </Panel>
        </Box>
      )}
    </Answered>
  );
}

function Permissions({ policy }: { policy: Schemas['Roles'] }) {
  const isNarrow = useMediaQuery(useTheme().breakpoints.down('md'));
  return isNarrow ? <PermissionList policy={policy} /> : <PermissionTable policy={policy} />;
}

/** Each permission with the roles that have it. */
function PermissionList({ policy: { items, permissions } }: { policy: Schemas['Roles'] }) {
  return (
    <Box
      component="ul"
      aria-label="Permissions by role"
      sx={{ listStyle: 'none', m: 0, px: 2, py: 1, fontSize: '0.875rem' }}
    >
      {permissions.map(({ permission, meaning }) => (
        <Box component="li" key={permission} sx={{ py: 1 }}>
          {meaning}
          <Box sx={{ color: 'text.secondary', overflowWrap: 'anywhere' }}>
            <Box component="code" sx={{ fontSize: '0.75rem' }}>
              {permission}
            </Box>
            {': '}
            {items
              .filter(({ permissions: granted }) => granted.includes(permission))
              .map(({ role }) => roleNames[role])
              .join(', ')}
          </Box>
        </Box>
      ))}
    </Box>
  );
}

/** Permissions down, roles across. */
function PermissionTable({ policy: { items, permissions } }: { policy: Schemas['Roles'] }) {
  return (
    <TableContainer tabIndex={0} role="region" aria-label="Permissions by role">
      <Table aria-label="Permissions by role" size="small">
        <TableHead>
          <TableRow>
            <TableCell>Permission</TableCell>
            {items.map(({ role }) => (
              <TableCell key={role} align="center">
                {roleNames[role]}
              </TableCell>
            ))}
          </TableRow>
        </TableHead>
        <TableBody>
          {permissions.map(({ permission, meaning }) => (
            <TableRow key={permission} sx={{ '&:last-child td, &:last-child th': { border: 0 } }}>
              <TableCell component="th" scope="row" sx={{ minWidth: 220 }}>
                {meaning}{' '}
                <Box component="code" sx={{ color: 'text.secondary', fontSize: '0.75rem' }}>
                  {permission}
                </Box>
              </TableCell>
              {items.map(({ role, permissions: granted }) => (
                <TableCell key={role} align="center">
                  {granted.includes(permission) && (
                    <CheckOutlined
                      titleAccess="Yes"
                      sx={{ fontSize: 18, color: 'primary.main', display: 'block', mx: 'auto' }}
                    />
                  )}
                </TableCell>
              ))}
            </TableRow>
          ))}
        </TableBody>
      </Table>
    </TableContainer>
  );
}

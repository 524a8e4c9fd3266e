import MenuItem from '@mui/material/MenuItem';
import TextField from '@mui/material/TextField';
import { useQuery } from '@tanstack/react-query';
import { useMe } from '@/api/me';
import { rolesQuery } from '@/api/roles';
import { oneOf } from '@/lib/oneOf';
import type { Role } from './queries';
import { roleNames, roles, rolesUpTo } from './roles';

interface RoleFieldProps {
  value: Role;
  onChange: (role: Role) => void;
  problem: string | undefined;
}

/** A role, from those that the signed-in user may hand out. */
export function RoleField({ value, onChange, problem }: RoleFieldProps) {
  const { user } = useMe();
  const policy = useQuery(rolesQuery).data;
  const meaning = policy?.items.find(({ role }) => role === value)?.meaning;
  return (
    <TextField
      select
      label="Role"
      value={value}
      error={problem !== undefined}
      helperText={problem ?? meaning ?? ' '}
      onChange={({ target }) => {
        const role = oneOf(roles, target.value);
        if (role !== undefined) onChange(role);
      }}
    >
      {rolesUpTo(user.role).map((role) => (
        <MenuItem key={role} value={role}>
          {roleNames[role]}
        </MenuItem>
      ))}
    </TextField>
  );
}

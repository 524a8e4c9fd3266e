import MenuItem from '@mui/material/MenuItem';
import TextField from '@mui/material/TextField';
import { useMe } from '@/api/me';
import { oneOf } from '@/lib/oneOf';
import type { Role } from './queries';
import { roleHelp, roleNames, roles, rolesUpTo } from './roles';

interface RoleFieldProps {
  value: Role;
  onChange: (role: Role) => void;
  problem: string | undefined;
}

/** A role, from those that the signed-in user may hand out. */
export function RoleField({ value, onChange, problem }: RoleFieldProps) {
  const { user } = useMe();
  return (
    <TextField
      select
      label="Role"
      value={value}
      error={problem !== undefined}
      helperText={problem ?? roleHelp[value]}
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

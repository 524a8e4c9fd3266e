import Box from '@mui/material/Box';
import Checkbox from '@mui/material/Checkbox';
import FormControl from '@mui/material/FormControl';
import FormControlLabel from '@mui/material/FormControlLabel';
import FormHelperText from '@mui/material/FormHelperText';
import FormLabel from '@mui/material/FormLabel';
import { useQuery } from '@tanstack/react-query';
import { useMe } from '@/api/me';
import { rolesQuery } from '@/api/roles';
import { Answered } from '@/ui/Answered';
import type { Permission, PolicyEntry } from './queries';

interface ScopeFieldProps {
  value: readonly Permission[];
  onChange: (scopes: readonly Permission[]) => void;
  /** Whether a key of this kind may have it. */
  isOffered: (of: PolicyEntry) => boolean;
  problem: string | undefined;
}

/** What a key may do, out of what the signed-in user may. What comes with a choice is marked as well. */
export function ScopeField({ value, onChange, isOffered, problem }: ScopeFieldProps) {
  const { permissions: own } = useMe();
  const query = useQuery(rolesQuery);
  return (
    <FormControl component="fieldset" error={problem !== undefined} sx={{ minWidth: 0 }}>
      <FormLabel component="legend" sx={{ mb: 0.5 }}>
        It may
      </FormLabel>
      <Answered query={query}>
        {({ permissions }) => {
          const brought = new Set(
            permissions
              .filter((each) => value.includes(each.permission))
              .flatMap((each) => each.includes),
          );
          return (
            <Box sx={{ display: 'grid', gap: 0.25 }}>
              {permissions
                .filter(({ permission }) => own.includes(permission))
                .filter(isOffered)
                .map(({ permission, meaning }) => (
                  <FormControlLabel
                    key={permission}
                    disabled={brought.has(permission) && !value.includes(permission)}
                    sx={{ alignItems: 'flex-start', mr: 0 }}
                    control={
                      <Checkbox
                        size="small"
                        sx={{ mt: -0.75 }}
                        checked={value.includes(permission) || brought.has(permission)}
                        onChange={({ target }) =>
                          onChange(
                            target.checked
                              ? [...value, permission]
                              : value.filter((each) => each !== permission),
                          )
                        }
                      />
                    }
                    label={
                      <Box sx={{ fontSize: '0.875rem', lineHeight: 1.4, pb: 0.5 }}>
                        {meaning}{' '}
                        <Box component="code" sx={{ color: 'text.secondary', fontSize: '0.75rem' }}>
                          {permission}
                        </Box>
                      </Box>
                    }
                  />
                ))}
            </Box>
          );
        }}
      </Answered>
      {problem !== undefined && <FormHelperText>{problem}</FormHelperText>}
    </FormControl>
  );
}

import Box from '@mui/material/Box';
import { Link } from 'react-router';

interface LinkTabsProps {
  /** Names the group for people who do not see it. */
  label: string;
  tabs: readonly { to: string; name: string; isCurrent: boolean }[];
}

/** Links to the parts of a page, the shown one marked. */
export function LinkTabs({ label, tabs }: LinkTabsProps) {
  return (
    <Box
      component="nav"
      aria-label={label}
      sx={{
        display: 'flex',
        flexWrap: 'wrap',
        columnGap: 3,
        mb: 2.5,
        borderBottom: 1,
        borderColor: 'divider',
      }}
    >
      {tabs.map(({ to, name, isCurrent }) => (
        <Box
          key={to}
          component={Link}
          to={to}
          replace
          aria-current={isCurrent ? 'page' : undefined}
          sx={{
            py: 1.25,
            mb: '-1px',
            borderBottom: '2px solid transparent',
            color: 'text.secondary',
            fontSize: '0.9062rem',
            fontWeight: 580,
            textDecoration: 'none',
            whiteSpace: 'nowrap',
            '&:hover': { color: 'text.primary' },
            '&:focus-visible': { outline: '2px solid', outlineColor: 'primary.main' },
            '&[aria-current]': { color: 'primary.main', borderBottomColor: 'primary.main' },
          }}
        >
          {name}
        </Box>
      ))}
    </Box>
  );
}

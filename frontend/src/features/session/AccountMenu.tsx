import LogoutOutlined from '@mui/icons-material/LogoutOutlined';
import PersonOutlineOutlined from '@mui/icons-material/PersonOutlineOutlined';
import UnfoldMoreOutlined from '@mui/icons-material/UnfoldMoreOutlined';
import Box from '@mui/material/Box';
import ButtonBase from '@mui/material/ButtonBase';
import ListItemIcon from '@mui/material/ListItemIcon';
import Menu from '@mui/material/Menu';
import MenuItem from '@mui/material/MenuItem';
import Typography from '@mui/material/Typography';
import { useState } from 'react';
import { Link } from 'react-router';
import { session } from '@/api/browserSession';
import { useMe } from '@/api/me';

/** Who is signed in, their profile and the way out. */
export function AccountMenu() {
  const { user } = useMe();
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const name = user.full_name ?? user.email ?? 'You';
  return (
    <>
      <ButtonBase
        aria-haspopup="menu"
        aria-expanded={anchor !== null}
        onClick={(event) => setAnchor(event.currentTarget)}
        sx={{
          gap: 1.25,
          p: 1,
          borderRadius: '8px',
          border: 1,
          borderColor: 'divider',
          textAlign: 'left',
          bgcolor: 'background.paper',
          '&:focus-visible': { outline: '2px solid', outlineColor: 'primary.main' },
        }}
      >
        <Box
          aria-hidden
          sx={{
            display: 'grid',
            placeItems: 'center',
            width: 32,
            height: 32,
            borderRadius: '8px',
            flexShrink: 0,
            fontWeight: 650,
            color: 'primary.main',
            bgcolor: 'primary.light',
          }}
        >
          {name.slice(0, 1).toUpperCase()}
        </Box>
        <Box sx={{ minWidth: 0, flexGrow: 1 }}>
          <Typography noWrap variant="body2" sx={{ fontWeight: 600 }}>
            <span className="visually-hidden">Account of </span>
            {name}
          </Typography>
          <Typography noWrap variant="caption" component="div" sx={{ color: 'text.secondary' }}>
            {user.role}
          </Typography>
        </Box>
        <UnfoldMoreOutlined sx={{ fontSize: 18, color: 'text.secondary' }} />
      </ButtonBase>
      <Menu anchorEl={anchor} open={anchor !== null} onClose={() => setAnchor(null)}>
        <MenuItem component={Link} to="/account" onClick={() => setAnchor(null)}>
          <ListItemIcon>
            <PersonOutlineOutlined fontSize="small" />
          </ListItemIcon>
          Your account
        </MenuItem>
        <MenuItem onClick={() => void session.signOut()}>
          <ListItemIcon>
            <LogoutOutlined fontSize="small" />
          </ListItemIcon>
          Sign out
        </MenuItem>
      </Menu>
    </>
  );
}

import BrightnessAutoOutlined from '@mui/icons-material/BrightnessAutoOutlined';
import DarkModeOutlined from '@mui/icons-material/DarkModeOutlined';
import LightModeOutlined from '@mui/icons-material/LightModeOutlined';
import IconButton from '@mui/material/IconButton';
import { useColorScheme } from '@mui/material/styles';
import Tooltip from '@mui/material/Tooltip';

const modes = {
  system: { next: 'light', label: 'Theme: like the system', Icon: BrightnessAutoOutlined },
  light: { next: 'dark', label: 'Theme: light', Icon: LightModeOutlined },
  dark: { next: 'system', label: 'Theme: dark', Icon: DarkModeOutlined },
} as const;

/** Steps through system, light and dark. The choice is kept in this browser. */
export function ModeToggle() {
  const { mode, setMode } = useColorScheme();
  const { next, label, Icon } = modes[mode ?? 'system'];
  return (
    <Tooltip title={label}>
      <IconButton size="small" aria-label={label} onClick={() => setMode(next)}>
        <Icon fontSize="small" />
      </IconButton>
    </Tooltip>
  );
}

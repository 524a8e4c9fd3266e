import Button, { type ButtonProps } from '@mui/material/Button';
import Tooltip from '@mui/material/Tooltip';
import type { Verdict } from '@/lib/can';

interface ActionButtonProps extends ButtonProps {
  verdict: Verdict;
}

/** A button that, where it is not offered, stays reachable and says why. */
export function ActionButton({ verdict, onClick, ...button }: ActionButtonProps) {
  if (verdict.allowed) return <Button {...button} onClick={onClick} />;
  return (
    <Tooltip title={verdict.reason} describeChild>
      {/* aria-disabled instead of disabled: a disabled button takes no focus and shows no reason. */}
      <Button
        {...button}
        aria-disabled
        onClick={(event) => event.preventDefault()}
        type="button"
        sx={{ opacity: 0.5, cursor: 'not-allowed' }}
      />
    </Tooltip>
  );
}

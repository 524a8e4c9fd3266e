import ContentCopyOutlined from '@mui/icons-material/ContentCopyOutlined';
import IconButton from '@mui/material/IconButton';
import Tooltip from '@mui/material/Tooltip';
import { useNotify } from './Notices';

/** Copies a text and says so. */
export function CopyButton({ text, label }: { text: string; label: string }) {
  const notify = useNotify();
  // The clipboard exists on secure origins only; elsewhere the text can still be selected.
  if (navigator.clipboard === undefined) return null;
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => notify('Copied'),
      () => notify('The browser did not allow copying'),
    );
  return (
    <Tooltip title={label}>
      <IconButton size="small" aria-label={label} onClick={() => void copy()}>
        <ContentCopyOutlined sx={{ fontSize: 16 }} />
      </IconButton>
    </Tooltip>
  );
}

import Button from '@mui/material/Button';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { formatCount } from '@/lib/numbers';

interface PagerProps {
  /** Rows on the shown page. */
  shown: number;
  total: number;
  pagesBefore: number;
  pageSize: number;
  nextCursor: string | null;
  onNext: (cursor: string) => void;
  onPrevious: () => void;
}

/** Says which part of a list is shown and turns its pages. */
export function Pager(props: PagerProps) {
  const { shown, total, pagesBefore, pageSize, nextCursor, onNext, onPrevious } = props;
  const first = pagesBefore * pageSize + 1;
  return (
    <Stack
      component="nav"
      aria-label="Pages"
      direction="row"
      sx={{ alignItems: 'center', gap: 1, px: 2, py: 1.25, borderTop: 1, borderColor: 'divider' }}
    >
      <Typography variant="body2" role="status" sx={{ color: 'text.secondary', flexGrow: 1 }}>
        {shown === 0
          ? `None of ${formatCount(total)}`
          : `${formatCount(first)}–${formatCount(first + shown - 1)} of ${formatCount(total)}`}
      </Typography>
      <Button size="small" disabled={pagesBefore === 0} onClick={onPrevious}>
        Previous
      </Button>
      <Button
        size="small"
        disabled={nextCursor === null}
        onClick={() => nextCursor !== null && onNext(nextCursor)}
      >
        Next
      </Button>
    </Stack>
  );
}

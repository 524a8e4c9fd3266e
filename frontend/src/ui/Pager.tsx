import Button from '@mui/material/Button';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { formatCount } from '@/lib/numbers';
import { PAGE_SIZE } from '@/lib/paging';
import type { UrlFilters } from '@/lib/useUrlFilters';

interface PagerProps {
  /** The answered page of the list. */
  page: { items: readonly unknown[]; total: number; next_cursor: string | null };
  /** Where in the list the address stands. */
  filters: Pick<UrlFilters<never>, 'pagesBefore' | 'next' | 'previous'>;
}

/** Says which part of a list is shown and turns its pages. */
export function Pager({ page, filters }: PagerProps) {
  const { items, total, next_cursor } = page;
  const shown = items.length;
  const first = filters.pagesBefore * PAGE_SIZE + 1;
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
      <Button size="small" disabled={filters.pagesBefore === 0} onClick={filters.previous}>
        Previous
      </Button>
      <Button
        size="small"
        disabled={next_cursor === null}
        onClick={() => next_cursor !== null && filters.next(next_cursor)}
      >
        Next
      </Button>
    </Stack>
  );
}

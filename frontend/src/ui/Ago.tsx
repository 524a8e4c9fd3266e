import { formatAgo, formatDateTime } from '@/lib/dates';
import { useNow } from '@/lib/useNow';

/** A moment, relative to now; the exact time is in its title. */
export function Ago({ time }: { time: string }) {
  // A server clock slightly ahead must not put the past in the future.
  const now = Math.max(useNow(), Date.now());
  return (
    <time dateTime={time} title={formatDateTime(time)} style={{ whiteSpace: 'nowrap' }}>
      {formatAgo(time, now)}
    </time>
  );
}

import type { StreamState } from '@/api/stream';
import { StatusMark } from '@/ui/StatusMark';

const looks = {
  connecting: { tone: 'waiting', label: 'Connecting' },
  live: { tone: 'moving', label: 'Live' },
  reconnecting: { tone: 'held', label: 'Reconnecting' },
} as const;

/** Whether what is shown follows the log right now. */
export function LiveIndicator({ state }: { state: StreamState }) {
  return (
    <span role="status" aria-label={`Live updates: ${looks[state].label}`}>
      <StatusMark {...looks[state]} />
    </span>
  );
}

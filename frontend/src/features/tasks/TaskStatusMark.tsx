import { StatusMark } from '@/ui/StatusMark';
import type { Task } from './queries';
import { shownStatus } from './status';

export function TaskStatusMark({ task }: { task: Pick<Task, 'status' | 'queued_at'> }) {
  return <StatusMark {...shownStatus(task)} />;
}

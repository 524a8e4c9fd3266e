import type { StatusTone } from '@/ui/StatusMark';
import type { Task, TaskMove, TaskStatus } from './queries';

/** How each status looks and is called. */
export const taskStatus = {
  pending: { tone: 'still', label: 'Pending' },
  running: { tone: 'moving', label: 'Running' },
  waiting_approval: { tone: 'waiting', label: 'Waiting for approval' },
  completed: { tone: 'good', label: 'Completed' },
  failed: { tone: 'bad', label: 'Failed' },
  cancelled: { tone: 'gone', label: 'Cancelled' },
} satisfies Record<TaskStatus, { tone: StatusTone; label: string }>;

/** Waiting for a worker: pending, but asked to run. */
export function isQueued(task: Pick<Task, 'status' | 'queued_at'>): boolean {
  return task.status === 'pending' && task.queued_at !== null;
}

/** The status as shown, which tells waiting from not asked for. */
export function shownStatus(task: Pick<Task, 'status' | 'queued_at'>): {
  tone: StatusTone;
  label: string;
} {
  return isQueued(task) ? { tone: 'waiting', label: 'Queued' } : taskStatus[task.status];
}

/** What can be asked of the task now, the likeliest first. */
export function movesOf(task: Pick<Task, 'status' | 'queued_at'>): readonly TaskMove[] {
  switch (task.status) {
    case 'pending':
      return isQueued(task) ? ['cancel'] : ['execute', 'cancel'];
    case 'running':
    case 'waiting_approval':
      return ['cancel'];
    case 'failed':
    case 'cancelled':
      return ['retry'];
    case 'completed':
      return [];
    default:
      return task.status satisfies never;
  }
}

export const moveLabels = {
  execute: 'Execute',
  cancel: 'Cancel',
  retry: 'Retry',
} satisfies Record<TaskMove, string>;

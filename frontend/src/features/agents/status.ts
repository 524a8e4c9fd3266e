import type { StatusTone } from '@/ui/StatusMark';
import type { AgentMove, AgentStatus } from './queries';

/** How each status looks and is called. */
export const agentStatus = {
  idle: { tone: 'still', label: 'Idle' },
  running: { tone: 'moving', label: 'Running' },
  paused: { tone: 'held', label: 'Paused' },
  error: { tone: 'bad', label: 'Error' },
  terminated: { tone: 'gone', label: 'Deleted' },
} satisfies Record<AgentStatus, { tone: StatusTone; label: string }>;

/** Moves that are made at the press of a button; the others ask first. */
type DirectMove = Exclude<AgentMove, 'pause_and_cancel'>;

const movesFrom = {
  idle: ['start'],
  running: ['pause', 'stop'],
  paused: ['resume', 'stop'],
  error: ['start', 'stop'],
  terminated: [],
} satisfies Record<AgentStatus, DirectMove[]>;

export const moveLabels = {
  start: 'Start',
  stop: 'Stop',
  pause: 'Pause',
  resume: 'Resume',
} satisfies Record<DirectMove, string>;

/** What can be asked of an agent in this status, the likeliest first. */
export function movesOf(status: AgentStatus): readonly DirectMove[] {
  return movesFrom[status];
}

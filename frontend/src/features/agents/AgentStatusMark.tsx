import { StatusMark } from '@/ui/StatusMark';
import type { AgentStatus } from './queries';
import { agentStatus } from './status';

export function AgentStatusMark({ status }: { status: AgentStatus }) {
  return <StatusMark {...agentStatus[status]} />;
}

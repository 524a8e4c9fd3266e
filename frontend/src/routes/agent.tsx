import { useQuery } from '@tanstack/react-query';
import { useParams } from 'react-router';
import { AgentView } from '@/features/agents/AgentView';
import { agentQuery } from '@/features/agents/queries';
import { History } from '@/features/audit/History';
import { BudgetPanel } from '@/features/budgets/BudgetPanel';
import { TasksOfAgent } from '@/features/tasks/TasksOfAgent';
import { AnsweredPage } from '@/ui/AnsweredPage';

/** One agent: what it is, its tasks and its history. */
export default function Agent() {
  const { id = '' } = useParams();
  return (
    <AnsweredPage query={useQuery(agentQuery(id))} title="Agent">
      {(agent) => (
        <AgentView
          key={agent.id}
          agent={agent}
          budget={<BudgetPanel of={{ agent: agent.id }} />}
          tasks={<TasksOfAgent agent={agent} />}
          history={<History aggregateType="agent" aggregateId={agent.id} />}
        />
      )}
    </AnsweredPage>
  );
}

import { useQuery } from '@tanstack/react-query';
import { useParams } from 'react-router';
import { History } from '@/features/audit/History';
import { StepsPanel } from '@/features/steps/StepsPanel';
import { taskQuery } from '@/features/tasks/queries';
import { TaskView } from '@/features/tasks/TaskView';
import { AnsweredPage } from '@/ui/AnsweredPage';

/** One task: its result as soon as it is there, its input and its history. */
export default function Task() {
  const { id = '' } = useParams();
  return (
    <AnsweredPage query={useQuery(taskQuery(id))} title="Task">
      {(task) => (
        <TaskView
          key={task.id}
          task={task}
          steps={<StepsPanel task={task.id} />}
          history={<History aggregateType="task" aggregateId={task.id} />}
        />
      )}
    </AnsweredPage>
  );
}

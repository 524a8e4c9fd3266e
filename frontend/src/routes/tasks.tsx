import AddOutlined from '@mui/icons-material/AddOutlined';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { useCan } from '@/api/me';
import { CreateTaskDialog } from '@/features/tasks/CreateTaskDialog';
import { TaskList } from '@/features/tasks/TaskList';
import { ActionButton } from '@/ui/ActionButton';
import { Page } from '@/ui/Page';

/** All tasks of the organisation. */
export default function Tasks() {
  const navigate = useNavigate();
  const can = useCan();
  const [isCreating, setCreating] = useState(false);
  const create = (
    <ActionButton
      verdict={can('create_task')}
      variant="contained"
      startIcon={<AddOutlined />}
      onClick={() => setCreating(true)}
    >
      New task
    </ActionButton>
  );
  return (
    <Page title="Tasks" lead="Work given to agents, and what came of it." actions={create}>
      <TaskList create={create} />
      {isCreating && (
        <CreateTaskDialog
          onClose={() => setCreating(false)}
          onCreated={({ id }) => navigate(`/tasks/${id}`)}
        />
      )}
    </Page>
  );
}

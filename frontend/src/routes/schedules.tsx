import AddOutlined from '@mui/icons-material/AddOutlined';
import { useState } from 'react';
import { useCan } from '@/api/me';
import { CreateScheduleDialog } from '@/features/tasks/CreateScheduleDialog';
import { ScheduleList } from '@/features/tasks/ScheduleList';
import { ActionButton } from '@/ui/ActionButton';
import { Page } from '@/ui/Page';

/** All schedules of the organisation. */
export default function Schedules() {
  const can = useCan();
  const [isCreating, setCreating] = useState(false);
  const create = (
    <ActionButton
      verdict={can('create_task')}
      variant="contained"
      startIcon={<AddOutlined />}
      onClick={() => setCreating(true)}
    >
      New schedule
    </ActionButton>
  );
  return (
    <Page title="Schedules" lead="Tasks that agents are given at set times." actions={create}>
      <ScheduleList create={create} />
      {isCreating && <CreateScheduleDialog onClose={() => setCreating(false)} />}
    </Page>
  );
}

import PanToolOutlined from '@mui/icons-material/PanToolOutlined';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useCan } from '@/api/me';
import { all, when } from '@/lib/can';
import { ActionButton } from '@/ui/ActionButton';
import { workQuery } from './queries';
import { StopAllDialog } from './StopAllDialog';

/** The button that stops everything at once. */
export function StopAllWork() {
  const can = useCan();
  const [isAsking, setAsking] = useState(false);
  const isStopped = useQuery(workQuery).data?.work_stopped_at != null;
  return (
    <>
      <ActionButton
        verdict={all(can('stop_work'), when(!isStopped, 'All work is stopped already.'))}
        variant="outlined"
        color="error"
        startIcon={<PanToolOutlined />}
        onClick={() => setAsking(true)}
      >
        Stop all work
      </ActionButton>
      {isAsking && <StopAllDialog onClose={() => setAsking(false)} />}
    </>
  );
}

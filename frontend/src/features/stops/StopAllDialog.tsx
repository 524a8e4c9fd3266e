import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { fieldProblems } from '@/api/problem';
import { Answered } from '@/ui/Answered';
import { Field } from '@/ui/Field';
import { FormDialog } from '@/ui/FormDialog';
import { FormProblem } from '@/ui/FormProblem';
import { CutOffDialog } from './CutOffDialog';
import { runningQuery, useStopAllWork } from './queries';
import { RunningList } from './RunningList';

/** Asks why, shows what would be cut off, and afterwards what was. */
export function StopAllDialog({ onClose }: { onClose: () => void }) {
  const [reason, setReason] = useState('');
  const running = useQuery(runningQuery);
  const stop = useStopAllWork();
  const problems = fieldProblems(stop.error, ['/reason']);
  if (stop.data !== undefined) return <CutOffDialog stopped={stop.data} onClose={onClose} />;
  return (
    <FormDialog
      title="Stop all work?"
      submitLabel="Stop all work"
      isDestructive
      onClose={onClose}
      onSubmit={() => stop.mutate(reason)}
      error={stop.error}
      isSending={stop.isPending}
    >
      <div>
        From this moment no task begins, and nothing is recorded of those that run. People can go on
        reading, changing and cancelling. You can let the work go on at any time.
      </div>
      <Field
        label="Why"
        required
        autoFocus
        value={reason}
        onChange={setReason}
        problem={problems.at('/reason')}
        help="It stays in the log."
      />
      <Answered query={running}>
        {({ items, total }) => (
          <RunningList
            title={total === 0 ? 'Nothing runs right now.' : `Running right now: ${total}`}
            tasks={items.map(({ id, name, started_at }) => ({ id, name, since: started_at }))}
          />
        )}
      </Answered>
      <FormProblem problems={problems} />
    </FormDialog>
  );
}

import Alert from '@mui/material/Alert';
import AlertTitle from '@mui/material/AlertTitle';
import Box from '@mui/material/Box';
import LinearProgress from '@mui/material/LinearProgress';
import type { Draft } from '@/api/draft';
import { useDraft } from '@/api/useDraft';
import { JsonView } from '@/ui/JsonView';
import { LiveText } from '@/ui/LiveText';
import { Panel } from '@/ui/Panel';
import { StateNote } from '@/ui/States';
import { TextLink } from '@/ui/TextLink';
import type { Task } from './queries';
import { isQueued } from './status';

/** What came of the task, or what its model has said so far. */
export function TaskResult({ task }: { task: Task }) {
  const draft = useDraft(isOpen(task) ? task.id : null);
  return (
    <Panel title="Result">
      <Box aria-live="polite">
        <Content task={task} draft={draft} />
      </Box>
    </Panel>
  );
}

/** Whether something may come of it by itself. */
const isOpen = (task: Task) =>
  task.status === 'running' || task.status === 'waiting_approval' || isQueued(task);

function Content({ task, draft }: { task: Task; draft: Draft | null }) {
  switch (task.status) {
    case 'pending':
      return isQueued(task) ? (
        <StateNote title="Waiting for a worker">The result appears here by itself.</StateNote>
      ) : (
        <StateNote title="Not executed yet">Execute the task to get a result.</StateNote>
      );
    case 'running':
      return (
        <>
          <LinearProgress aria-label="Running" sx={{ borderRadius: 1, mt: 1, mb: 2 }} />
          {draft === null || draft.text === '' ? (
            <StateNote title={`Attempt ${task.attempts} is running`}>
              The result appears here by itself.
            </StateNote>
          ) : (
            <LiveText label="Answer so far" text={draft.text} />
          )}
        </>
      );
    case 'waiting_approval':
      return (
        <StateNote
          title="Waiting for approval"
          action={<TextLink to="/approvals">Look at what waits</TextLink>}
        >
          {task.approval === null
            ? 'A person must approve a call.'
            : `A person must approve a call of ${task.approval.tool}.`}
        </StateNote>
      );
    case 'completed':
      return <Output output={task.output_data} />;
    case 'failed':
      return (
        <Alert severity="error" variant="outlined">
          <AlertTitle>{task.error?.code ?? 'Failed'}</AlertTitle>
          {task.error?.message ?? 'No reason was recorded.'}
        </Alert>
      );
    case 'cancelled':
      return <StateNote title="Cancelled">There is no result.</StateNote>;
    default:
      return task.status satisfies never;
  }
}

/** The member that holds the answer in words, by the names that agents use. */
const wordyMembers = ['text', 'output', 'answer', 'content', 'message', 'result'] as const;

function Output({ output }: { output: Task['output_data'] }) {
  const member = wordyMembers.find((name) => typeof output?.[name] === 'string');
  return (
    <Box sx={{ display: 'grid', gap: 2 }}>
      {member !== undefined && (
        <Box sx={{ whiteSpace: 'pre-wrap', fontSize: '1rem', lineHeight: 1.6, maxWidth: '72ch' }}>
          {String(output?.[member])}
        </Box>
      )}
      {(member === undefined || Object.keys(output ?? {}).length > 1) && (
        <JsonView value={output} label="output" />
      )}
    </Box>
  );
}

import Alert from '@mui/material/Alert';
import AlertTitle from '@mui/material/AlertTitle';
import Button from '@mui/material/Button';
import { Link } from 'react-router';
import type { FieldProblems, Problem } from '@/api/problem';
import { formatDay } from '@/lib/dates';
import { formatCount } from '@/lib/numbers';

/** What a refusal says beyond the fields: a plan limit, a conflict, a lost connection. */
export function FormProblem({ problems }: { problems: FieldProblems }) {
  const { rest, elsewhere } = problems;
  if (rest === null) return null;
  return <ProblemAlert problem={rest} details={elsewhere} />;
}

/** A refusal as an alert; a reached plan limit leads to the plans. */
export function ProblemAlert({ problem, details = [] }: { problem: Problem; details?: string[] }) {
  if (problem.code === 'quota_exceeded') return <QuotaAlert problem={problem} />;
  if (problem.code === 'version_mismatch') return <ChangedMeanwhileAlert />;
  return (
    <Alert severity="error" variant="outlined">
      <AlertTitle>{problem.title}</AlertTitle>
      {problem.detail}
      {details.map((detail) => (
        <div key={detail}>{detail}</div>
      ))}
    </Alert>
  );
}

function ChangedMeanwhileAlert() {
  return (
    <Alert severity="error" variant="outlined">
      <AlertTitle>This is no longer what it was</AlertTitle>
      Someone changed this while you were editing. Reload the page to see the new state.
    </Alert>
  );
}

const resourceNames = {
  agents: 'agents',
  users: 'users',
  tasks_per_month: 'tasks this month',
} satisfies Record<NonNullable<Problem['resource']>, string>;

function QuotaAlert({ problem }: { problem: Problem }) {
  const { resource, limit, used, resets_at } = problem;
  return (
    <Alert
      severity="warning"
      variant="outlined"
      action={
        <Button component={Link} to="/settings?tab=plan" size="small" color="inherit">
          See plans
        </Button>
      }
    >
      <AlertTitle>Your plan’s limit is reached</AlertTitle>
      {resource !== undefined && used !== undefined && limit !== undefined
        ? `${formatCount(used)} of ${formatCount(limit)} ${resourceNames[resource]} are in use.`
        : problem.detail}
      {resets_at !== undefined && ` The count starts again on ${formatDay(resets_at)}.`}
    </Alert>
  );
}

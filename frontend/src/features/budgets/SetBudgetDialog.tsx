import { useState } from 'react';
import { fieldProblems } from '@/api/problem';
import { Field } from '@/ui/Field';
import { FormDialog } from '@/ui/FormDialog';
import { FormProblem } from '@/ui/FormProblem';
import { type Budget, type BudgetOf, useSetBudget } from './queries';

interface SetBudgetDialogProps {
  of: BudgetOf;
  budget: Budget;
  onClose: () => void;
}

/** Sets what may be spent in a month; an empty field takes the limit away. */
export function SetBudgetDialog({ of, budget, onClose }: SetBudgetDialogProps) {
  const [limit, setLimit] = useState(budget.limit_usd?.replace(/(\.\d\d)0{4}$/, '$1') ?? '');
  const set = useSetBudget(of);
  const problems = fieldProblems(set.error, ['/limit_usd']);
  const wanted = limit.trim();
  return (
    <FormDialog
      title="Set budget"
      submitLabel="Save"
      onClose={onClose}
      onSubmit={() => set.mutate(wanted === '' ? null : wanted, { onSuccess: onClose })}
      error={set.error}
      isSending={set.isPending}
    >
      <div>
        No call begins that could cost more than is left. Calls under way may still cost what was
        set aside for them.
      </div>
      <Field
        label="US dollars a month"
        autoFocus
        value={limit}
        onChange={setLimit}
        problem={problems.at('/limit_usd')}
        help="Empty: no limit."
        slotProps={{ htmlInput: { inputMode: 'decimal' } }}
      />
      <FormProblem problems={problems} />
    </FormDialog>
  );
}

import { ApprovalQueue } from '@/features/approvals/ApprovalQueue';
import { Page } from '@/ui/Page';

/** What waits for a person, over all agents. */
export default function Approvals() {
  return (
    <Page title="Approvals" lead="Calls that agents may not make without a person.">
      <ApprovalQueue />
    </Page>
  );
}

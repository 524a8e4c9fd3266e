import { useCan } from '@/api/me';
import { AuditLog } from '@/features/audit/AuditLog';
import { Page } from '@/ui/Page';
import { Panel } from '@/ui/Panel';
import { Refused } from '@/ui/States';

/** The organisation's log, for those who may read it. */
export default function Audit() {
  const verdict = useCan()('read_audit');
  return (
    <Page title="Audit" lead="Every change in your organisation: who, what, when, from where.">
      {verdict.allowed ? (
        <AuditLog />
      ) : (
        <Panel>
          <Refused reason={verdict.reason} />
        </Panel>
      )}
    </Page>
  );
}

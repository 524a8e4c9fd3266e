import { useState } from 'react';
import { useCan } from '@/api/me';
import { fieldProblems } from '@/api/problem';
import { asked } from '@/lib/paging';
import { ActionButton } from '@/ui/ActionButton';
import { Facts } from '@/ui/Facts';
import { Field } from '@/ui/Field';
import { Form } from '@/ui/Form';
import { FormProblem } from '@/ui/FormProblem';
import { useNotify } from '@/ui/Notices';
import { Panel } from '@/ui/Panel';
import { type Tenant, useChangeTenant } from './queries';

/** The organisation's name and contact. A change in between is refused, not lost. */
export function DetailsForm({ tenant }: { tenant: Tenant }) {
  const notify = useNotify();
  const verdict = useCan()('change_tenant');
  const [name, setName] = useState(tenant.name);
  const [contactName, setContactName] = useState(tenant.contact_name ?? '');
  const [contactEmail, setContactEmail] = useState(tenant.contact_email ?? '');
  const [version, setVersion] = useState(tenant.version);
  const change = useChangeTenant();
  const problems = fieldProblems(change.error, ['/name', '/contact_name', '/contact_email']);
  const readOnly = { input: { readOnly: !verdict.allowed } };
  return (
    <Panel title="Organisation" sx={{ maxWidth: 620 }}>
      <Form
        label="Organisation"
        error={change.error}
        onSubmit={() =>
          change.mutate(
            {
              version,
              // Empty are the contacts that were erased; they stay so until there are new ones.
              body: asked({
                name: name.trim(),
                contact_name: contactName.trim(),
                contact_email: contactEmail.trim(),
              }),
            },
            {
              onSuccess: (saved) => {
                setVersion(saved.version);
                notify('Organisation saved');
              },
            },
          )
        }
      >
        <Facts
          facts={[
            ['Subdomain', <code key="subdomain">{tenant.subdomain}</code>],
            ['Id', <code key="id">{tenant.id}</code>],
          ]}
        />
        <Field
          label="Organisation name"
          required
          value={name}
          onChange={setName}
          slotProps={readOnly}
          problem={problems.at('/name')}
        />
        <Field
          label="Contact name"
          required={tenant.contact_name !== null}
          value={contactName}
          onChange={setContactName}
          slotProps={readOnly}
          problem={problems.at('/contact_name')}
        />
        <Field
          label="Contact email"
          required={tenant.contact_email !== null}
          type="email"
          value={contactEmail}
          onChange={setContactEmail}
          slotProps={readOnly}
          problem={problems.at('/contact_email')}
        />
        <FormProblem problems={problems} />
        <div>
          <ActionButton
            verdict={verdict}
            type="submit"
            variant="contained"
            loading={change.isPending}
          >
            Save organisation
          </ActionButton>
        </div>
      </Form>
    </Panel>
  );
}

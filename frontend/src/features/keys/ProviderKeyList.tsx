import KeyOutlined from '@mui/icons-material/KeyOutlined';
import Box from '@mui/material/Box';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useCan } from '@/api/me';
import { ActionButton } from '@/ui/ActionButton';
import { Ago } from '@/ui/Ago';
import { Answered } from '@/ui/Answered';
import { ConfirmDialog } from '@/ui/ConfirmDialog';
import { type Column, DataTable } from '@/ui/DataTable';
import { Panel } from '@/ui/Panel';
import { StateNote } from '@/ui/States';
import { monospace } from '@/ui/theme';
import { type ProviderKey, providerKeyListQuery, useRemoveProviderKey } from './queries';

const columns: readonly Column<ProviderKey>[] = [
  {
    header: 'Provider',
    narrow: 'title',
    width: '36%',
    cell: ({ provider }) => <Box sx={{ fontWeight: 560 }}>{provider}</Box>,
  },
  {
    header: 'Key',
    narrow: 'corner',
    cell: ({ last4 }) => <Box sx={{ fontFamily: monospace, fontSize: '0.8125rem' }}>…{last4}</Box>,
  },
  { header: 'Set', narrow: 'line', cell: ({ updated_at }) => <Ago time={updated_at} /> },
  {
    header: 'Actions',
    narrow: 'foot',
    align: 'right',
    cell: (providerKey) => <Removal provider={providerKey.provider} />,
  },
];

/** Whose models the organisation has its own key for. */
export function ProviderKeyList() {
  return (
    <Panel isFlush>
      <Answered query={useQuery(providerKeyListQuery)}>
        {({ items }) =>
          items.length > 0 ? (
            <DataTable
              label="Provider keys"
              rows={items}
              columns={columns}
              rowKey={({ provider }) => provider}
            />
          ) : (
            <StateNote icon={<KeyOutlined />} title="No provider keys yet">
              With your own key of a model provider your agents are answered on your own account. It
              is kept encrypted and never shown again.
            </StateNote>
          )
        }
      </Answered>
    </Panel>
  );
}

function Removal({ provider }: { provider: string }) {
  const verdict = useCan()('manage_provider_keys');
  const [isAsking, setAsking] = useState(false);
  const remove = useRemoveProviderKey(provider);
  return (
    <>
      <ActionButton
        verdict={verdict}
        size="small"
        variant="outlined"
        color="error"
        aria-label={`Remove the key of ${provider}`}
        onClick={() => setAsking(true)}
      >
        Remove
      </ActionButton>
      {isAsking && (
        <ConfirmDialog
          title={`Remove the key of ${provider}?`}
          confirmLabel="Remove"
          isDestructive
          isSending={remove.isPending}
          error={remove.error}
          onConfirm={() => remove.mutate(undefined, { onSuccess: () => setAsking(false) })}
          onClose={() => setAsking(false)}
        >
          Agents that use {provider} are no longer answered on your account.
        </ConfirmDialog>
      )}
    </>
  );
}

import AddOutlined from '@mui/icons-material/AddOutlined';
import { useState } from 'react';
import { useSearchParams } from 'react-router';
import { useCan } from '@/api/me';
import { ApiKeyList } from '@/features/keys/ApiKeyList';
import { CreateApiKeyDialog } from '@/features/keys/CreateApiKeyDialog';
import { ProviderKeyList } from '@/features/keys/ProviderKeyList';
import { SetProviderKeyDialog } from '@/features/keys/SetProviderKeyDialog';
import { ActionButton } from '@/ui/ActionButton';
import { LinkTabs } from '@/ui/LinkTabs';
import { Page } from '@/ui/Page';
import { Panel } from '@/ui/Panel';
import { Refused } from '@/ui/States';

const leads = {
  api: 'What programs show to act for your organisation.',
  providers: 'What your organisation shows to the providers of its models.',
};

/** Keys of the organisation's programs, and its own keys of model providers. */
export default function Keys() {
  const [params] = useSearchParams();
  const can = useCan();
  const tab = params.get('tab') === 'providers' ? 'providers' : 'api';
  const [isAdding, setAdding] = useState(false);
  const sight = can('read_keys');
  const close = () => setAdding(false);
  return (
    <Page
      title="Keys"
      lead={leads[tab]}
      actions={
        <ActionButton
          verdict={can(tab === 'api' ? 'manage_api_keys' : 'manage_provider_keys')}
          variant="contained"
          startIcon={<AddOutlined />}
          onClick={() => setAdding(true)}
        >
          {tab === 'api' ? 'New API key' : 'Set a provider’s key'}
        </ActionButton>
      }
    >
      <LinkTabs
        label="Kinds of keys"
        tabs={[
          { to: '/keys', name: 'API keys', isCurrent: tab === 'api' },
          { to: '/keys?tab=providers', name: 'Model providers', isCurrent: tab === 'providers' },
        ]}
      />
      {!sight.allowed ? (
        <Panel>
          <Refused reason={sight.reason} />
        </Panel>
      ) : tab === 'api' ? (
        <ApiKeyList />
      ) : (
        <ProviderKeyList />
      )}
      {isAdding && tab === 'api' && <CreateApiKeyDialog onClose={close} />}
      {isAdding && tab === 'providers' && <SetProviderKeyDialog onClose={close} />}
    </Page>
  );
}

import Stack from '@mui/material/Stack';
import { useState } from 'react';
import { useCan } from '@/api/me';
import { ActionButton } from '@/ui/ActionButton';
import { ConfirmDialog } from '@/ui/ConfirmDialog';
import { type ApiKey, useRevokeApiKey } from './queries';
import { RotateApiKeyDialog } from './RotateApiKeyDialog';

/** Replacing a key by another, and ending it. */
export function ApiKeyActions({ apiKey }: { apiKey: ApiKey }) {
  const verdict = useCan()('manage_api_keys');
  const [dialog, setDialog] = useState<'rotate' | 'revoke' | null>(null);
  const revoke = useRevokeApiKey(apiKey.id);
  if (apiKey.status !== 'active') return null;
  return (
    <Stack direction="row" sx={{ gap: 1, justifyContent: { md: 'flex-end' } }}>
      <ActionButton
        verdict={verdict}
        size="small"
        variant="outlined"
        aria-label={`Rotate ${apiKey.name}`}
        onClick={() => setDialog('rotate')}
      >
        Rotate
      </ActionButton>
      <ActionButton
        verdict={verdict}
        size="small"
        variant="outlined"
        color="error"
        aria-label={`Revoke ${apiKey.name}`}
        onClick={() => setDialog('revoke')}
      >
        Revoke
      </ActionButton>
      {dialog === 'rotate' && (
        <RotateApiKeyDialog apiKey={apiKey} onClose={() => setDialog(null)} />
      )}
      {dialog === 'revoke' && (
        <ConfirmDialog
          title={`Revoke ${apiKey.name}?`}
          confirmLabel="Revoke"
          isDestructive
          isSending={revoke.isPending}
          error={revoke.error}
          onConfirm={() => revoke.mutate(undefined, { onSuccess: () => setDialog(null) })}
          onClose={() => setDialog(null)}
        >
          Programs that use it are refused at once. It cannot be brought back.
        </ConfirmDialog>
      )}
    </Stack>
  );
}

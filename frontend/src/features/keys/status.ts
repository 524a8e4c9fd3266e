import type { StatusTone } from '@/ui/StatusMark';
import type { ApiKeyStatus } from './queries';

export const apiKeyStatus = {
  active: { tone: 'good', label: 'Active' },
  expired: { tone: 'gone', label: 'Expired' },
  revoked: { tone: 'bad', label: 'Revoked' },
} satisfies Record<ApiKeyStatus, { tone: StatusTone; label: string }>;

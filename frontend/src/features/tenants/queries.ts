import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { anonymousHttp, http, type Schemas } from '@/api/client';
import { answer, tagged } from '@/api/problem';
import { invalidate, readKey } from '@/api/query';

export type Tenant = Schemas['Tenant'];
export type SubscriptionTier = Schemas['SubscriptionTier'];

export const tenantQuery = queryOptions({
  queryKey: readKey('/api/v1/tenants/current'),
  queryFn: ({ signal }) => answer(http.GET('/api/v1/tenants/current', { signal })),
});

/** The settings with the tag of the version they were read at. */
export const settingsQuery = queryOptions({
  queryKey: readKey('/api/v1/tenants/current/settings'),
  queryFn: ({ signal }) => tagged(http.GET('/api/v1/tenants/current/settings', { signal })),
});

export function useCreateTenant() {
  return useMutation({
    mutationFn: (sent: { body: Schemas['CreateTenantBody']; headers: Record<string, string> }) =>
      answer(anonymousHttp.POST('/api/v1/tenants', sent)),
  });
}

/** Makes what shows the organisation read it again. */
function useTenantChanged() {
  const client = useQueryClient();
  return () =>
    Promise.all([
      invalidate(client, '/api/v1/tenants/current'),
      invalidate(client, '/api/v1/tenants/current/settings'),
      invalidate(client, '/api/v1/tenants/current/usage'),
      invalidate(client, '/api/v1/auth/me'),
    ]);
}

export function useChangeTenant() {
  const onSuccess = useTenantChanged();
  return useMutation({
    mutationFn: ({ version, body }: { version: number; body: Schemas['ChangeTenantBody'] }) =>
      answer(
        http.PUT('/api/v1/tenants/current', { body, headers: { 'If-Match': `"${version}"` } }),
      ),
    onSuccess,
  });
}

export function useChangeSubscription() {
  const onSuccess = useTenantChanged();
  return useMutation({
    mutationFn: (subscription_tier: SubscriptionTier) =>
      answer(http.PUT('/api/v1/tenants/current/subscription', { body: { subscription_tier } })),
    onSuccess,
  });
}

export function useChangeSettings() {
  const onSuccess = useTenantChanged();
  return useMutation({
    mutationFn: ({ etag, body }: { etag: string | null; body: Schemas['TenantSettings'] }) =>
      tagged(
        http.PUT('/api/v1/tenants/current/settings', {
          body,
          headers: etag === null ? {} : { 'If-Match': etag },
        }),
      ),
    onSuccess,
  });
}

import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { http, type Schemas } from '@/api/client';
import type { operations } from '@/api/generated';
import { answer, done } from '@/api/problem';
import { invalidate, readKey } from '@/api/query';

export type ApiKey = Schemas['ApiKey'];
export type ApiKeyStatus = Schemas['ApiKeyStatus'];
export type CreatedApiKey = Schemas['CreatedApiKey'];
export type ApiKeyQuery = NonNullable<operations['list_api_keys']['parameters']['query']>;
export type ProviderKey = Schemas['ProviderKey'];
export type Permission = Schemas['Permission'];

export const apiKeyListQuery = (query: ApiKeyQuery) =>
  queryOptions({
    queryKey: readKey('/api/v1/api-keys', { query }),
    queryFn: ({ signal }) => answer(http.GET('/api/v1/api-keys', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });

export type KeyAgent = Schemas['Agent'];
export type PolicyEntry = Schemas['Roles']['permissions'][number];

export const providerKeyListQuery = queryOptions({
  queryKey: readKey('/api/v1/provider-keys'),
  queryFn: ({ signal }) =>
    answer(http.GET('/api/v1/provider-keys', { params: { query: { limit: 200 } }, signal })),
});

function useApiKeysChanged() {
  const client = useQueryClient();
  return () => invalidate(client, '/api/v1/api-keys');
}

export function useCreateApiKey() {
  const onSuccess = useApiKeysChanged();
  return useMutation({
    mutationFn: (sent: { body: Schemas['CreateApiKeyBody']; headers: Record<string, string> }) =>
      answer(http.POST('/api/v1/api-keys', sent)),
    onSuccess,
  });
}

export function useRotateApiKey(id: string) {
  const onSuccess = useApiKeysChanged();
  return useMutation({
    mutationFn: (sent: { body: Schemas['RotateApiKeyBody']; headers: Record<string, string> }) =>
      answer(http.POST('/api/v1/api-keys/{id}/rotate', { params: { path: { id } }, ...sent })),
    onSuccess,
  });
}

export function useRevokeApiKey(id: string) {
  const onSuccess = useApiKeysChanged();
  return useMutation({
    mutationFn: () => done(http.DELETE('/api/v1/api-keys/{id}', { params: { path: { id } } })),
    onSuccess,
  });
}

function useProviderKeysChanged() {
  const client = useQueryClient();
  return () => invalidate(client, '/api/v1/provider-keys');
}

export function useSetProviderKey() {
  const onSuccess = useProviderKeysChanged();
  return useMutation({
    mutationFn: (body: Schemas['SetProviderKeyBody']) =>
      answer(http.POST('/api/v1/provider-keys', { body })),
    onSuccess,
  });
}

export function useRemoveProviderKey(provider: string) {
  const onSuccess = useProviderKeysChanged();
  return useMutation({
    mutationFn: () =>
      done(http.DELETE('/api/v1/provider-keys/{provider}', { params: { path: { provider } } })),
    onSuccess,
  });
}

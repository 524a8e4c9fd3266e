import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { http, type Schemas } from '@/api/client';
import type { operations } from '@/api/generated';
import { answer, done } from '@/api/problem';
import { invalidate, readKey } from '@/api/query';

export type User = Schemas['User'];
export type Role = Schemas['Role'];
export type UserStatus = Schemas['UserStatus'];
export type Invitation = Schemas['Invitation'];
export type InvitationStatus = Schemas['InvitationStatus'];
export type InvitationQuery = NonNullable<operations['list_invitations']['parameters']['query']>;
export type UserQuery = NonNullable<operations['list_users']['parameters']['query']>;

export const userListQuery = (query: UserQuery) =>
  queryOptions({
    queryKey: readKey('/api/v1/tenants/users', { query }),
    queryFn: ({ signal }) =>
      answer(http.GET('/api/v1/tenants/users', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });

export const invitationListQuery = (query: InvitationQuery) =>
  queryOptions({
    queryKey: readKey('/api/v1/tenants/invitations', { query }),
    queryFn: ({ signal }) =>
      answer(http.GET('/api/v1/tenants/invitations', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });

function useUsersChanged() {
  const client = useQueryClient();
  return () =>
    Promise.all([
      invalidate(client, '/api/v1/tenants/users'),
      invalidate(client, '/api/v1/tenants/invitations'),
      invalidate(client, '/api/v1/tenants/current/usage'),
      invalidate(client, '/api/v1/auth/me'),
    ]);
}

export function useInviteUser() {
  const onSuccess = useUsersChanged();
  return useMutation({
    mutationFn: (sent: { body: Schemas['InviteUserBody']; headers: Record<string, string> }) =>
      answer(http.POST('/api/v1/tenants/users/invite', sent)),
    onSuccess,
  });
}

export function useChangeUser(id: string) {
  const onSuccess = useUsersChanged();
  return useMutation({
    mutationFn: (body: Schemas['ChangeUserBody']) =>
      answer(http.PUT('/api/v1/tenants/users/{id}', { params: { path: { id } }, body })),
    onSuccess,
  });
}

export function useDeactivateUser(id: string) {
  const onSuccess = useUsersChanged();
  return useMutation({
    mutationFn: () => done(http.DELETE('/api/v1/tenants/users/{id}', { params: { path: { id } } })),
    onSuccess,
  });
}

export function useResendInvitation(id: string) {
  const onSuccess = useUsersChanged();
  return useMutation({
    mutationFn: () =>
      answer(http.POST('/api/v1/tenants/invitations/{id}/resend', { params: { path: { id } } })),
    onSuccess,
  });
}

export function useRevokeInvitation(id: string) {
  const onSuccess = useUsersChanged();
  return useMutation({
    mutationFn: () =>
      done(http.DELETE('/api/v1/tenants/invitations/{id}', { params: { path: { id } } })),
    onSuccess,
  });
}

export function useSendResetLink(id: string) {
  return useMutation({
    mutationFn: () =>
      answer(http.POST('/api/v1/tenants/users/{id}/password-reset', { params: { path: { id } } })),
  });
}

export function useEndSessionsOf(id: string) {
  return useMutation({
    mutationFn: () =>
      done(http.DELETE('/api/v1/tenants/users/{id}/sessions', { params: { path: { id } } })),
  });
}

export function useChangeProfile() {
  const onSuccess = useUsersChanged();
  return useMutation({
    mutationFn: (body: Schemas['ChangeProfileBody']) =>
      answer(http.PUT('/api/v1/auth/profile', { body })),
    onSuccess,
  });
}

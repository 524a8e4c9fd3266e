import { queryOptions, useMutation } from '@tanstack/react-query';
import { keepsCookie, session } from '@/api/browserSession';
import { anonymousHttp, type Schemas } from '@/api/client';
import { answer, done } from '@/api/problem';

export type LoginBody = Schemas['LoginBody'];
export type RegisterBody = Schemas['RegisterBody'];

/** Signs in and starts the session of this tab. */
export function useLogIn() {
  return useMutation({
    mutationFn: async (given: Omit<LoginBody, 'refresh_token_in'>) => {
      const body = { ...given, refresh_token_in: keepsCookie ? 'cookie' : 'body' } as const;
      session.begin(await answer(anonymousHttp.POST('/api/v1/auth/login', { body })));
    },
  });
}

export function useRegister() {
  return useMutation({
    mutationFn: ({ body, headers }: { body: RegisterBody; headers: Record<string, string> }) =>
      answer(anonymousHttp.POST('/api/v1/auth/register', { body, headers })),
  });
}

/** What the invitation behind a link offers. */
export const invitationQuery = (invitation_token: string) =>
  queryOptions({
    queryKey: ['invitation', invitation_token] as const,
    queryFn: ({ signal }) =>
      answer(
        anonymousHttp.POST('/api/v1/auth/invitations/inspect', {
          body: { invitation_token },
          signal,
        }),
      ),
    retry: false,
  });

/** Asks for a link to choose another password; the answer is the same for every address. */
export function useRequestReset() {
  return useMutation({
    mutationFn: (body: Schemas['RequestPasswordResetBody']) =>
      answer(anonymousHttp.POST('/api/v1/auth/password-reset', { body })),
  });
}

export function useConfirmReset() {
  return useMutation({
    mutationFn: (body: Schemas['ConfirmPasswordResetBody']) =>
      done(anonymousHttp.POST('/api/v1/auth/password-reset/confirm', { body })),
  });
}

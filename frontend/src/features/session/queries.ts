import { useMutation } from '@tanstack/react-query';
import { session } from '@/api/browserSession';
import { anonymousHttp, type Schemas } from '@/api/client';
import { answer } from '@/api/problem';

export type LoginBody = Schemas['LoginBody'];
export type RegisterBody = Schemas['RegisterBody'];

/** Signs in and starts the session of this tab. */
export function useLogIn() {
  return useMutation({
    mutationFn: async (body: LoginBody) => {
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

/** Shows a route as the application does: with its loader, the session and the cache. */
import { ThemeProvider } from '@mui/material/styles';
import { QueryClientProvider } from '@tanstack/react-query';
import { render } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { createMemoryRouter, RouterProvider } from 'react-router';
import { session } from '@/api/browserSession';
import { queryClient } from '@/api/query';
import { routes } from '@/routes';
import { Notices } from '@/ui/Notices';
import { theme } from '@/ui/theme';
import { seededOwner, seededPassword } from './fake/seed';

/** Opens `path` as nobody. */
export function openAnonymously(path: string) {
  const router = createMemoryRouter(routes, { initialEntries: [path] });
  render(
    <ThemeProvider theme={theme}>
      <QueryClientProvider client={queryClient}>
        <Notices>
          <RouterProvider router={router} />
        </Notices>
      </QueryClientProvider>
    </ThemeProvider>,
  );
  return { router, user: userEvent.setup({ delay: null }) };
}

/** Opens `path` as someone of the seeded organisation, by default its owner. */
export async function open(path: string, email: string = seededOwner) {
  session.begin(await signIn(email));
  return openAnonymously(path);
}

/** Opens a session, as another browser does. */
export async function signIn(email: string) {
  const response = await fetch('/api/v1/auth/login', {
    method: 'POST',
    body: JSON.stringify({ email, password: seededPassword }),
  });
  return response.json();
}

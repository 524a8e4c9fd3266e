import createCache from '@emotion/cache';
import { CacheProvider } from '@emotion/react';
import CssBaseline from '@mui/material/CssBaseline';
import { ThemeProvider } from '@mui/material/styles';
import { QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { createBrowserRouter, RouterProvider } from 'react-router';
import { session } from './api/browserSession';
import { queryClient } from './api/query';
import { routes } from './routes';
import { Notices } from './ui/Notices';
import { theme } from './ui/theme';

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has an element with id "root"');

/** A server with a strict content policy names here the nonce that styles must carry. */
const nonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content;
const styles = createCache({ key: 'ac', nonce });

const router = createBrowserRouter(routes);

session.onEnd((reason) => {
  const { pathname, search } = router.state.location;
  const next = new URLSearchParams({ next: pathname + search });
  // First away from the pages that read, then forget what they read.
  void router
    .navigate(reason === 'expired' ? `/login?${next}` : '/login', { state: { ended: reason } })
    .then(() => queryClient.clear());
});

createRoot(root).render(
  <StrictMode>
    <CacheProvider value={styles}>
      <ThemeProvider theme={theme} defaultMode="system" modeStorageKey="agentcores.theme">
        <CssBaseline enableColorScheme />
        <QueryClientProvider client={queryClient}>
          <Notices>
            <RouterProvider router={router} />
          </Notices>
        </QueryClientProvider>
      </ThemeProvider>
    </CacheProvider>
  </StrictMode>,
);

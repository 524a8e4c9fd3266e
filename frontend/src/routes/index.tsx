/** Every page and its address. Each page is a chunk of its own, loaded when it is first opened. */
import CircularProgress from '@mui/material/CircularProgress';
import type { RouteObject } from 'react-router';
import PageFailure from './pageFailure';

export const routes: RouteObject[] = [
  {
    errorElement: <PageFailure />,
    hydrateFallbackElement: (
      <CircularProgress
        aria-label="Loading"
        size={28}
        sx={{ position: 'fixed', inset: 0, m: 'auto' }}
      />
    ),
    children: [
      {
        path: '/create-tenant',
        lazy: async () => ({ Component: (await import('./createTenant')).default }),
      },
      {
        path: '/register',
        lazy: async () => ({ Component: (await import('./register')).default }),
      },
      {
        path: '/accept-invitation',
        lazy: async () => ({ Component: (await import('./acceptInvitation')).default }),
      },
      {
        path: '/forgot-password',
        lazy: async () => ({ Component: (await import('./forgotPassword')).default }),
      },
      {
        path: '/reset-password',
        lazy: async () => ({ Component: (await import('./resetPassword')).default }),
      },
      { path: '/login', lazy: async () => ({ Component: (await import('./login')).default }) },
      {
        id: 'shell',
        path: '/',
        lazy: async () => {
          const { default: Component, loader } = await import('./shell');
          return { Component, loader };
        },
        // The shell's loader checks the session and loads the user; both stay true between pages.
        shouldRevalidate: () => false,
        children: [
          {
            errorElement: <PageFailure />,
            children: [
              {
                index: true,
                lazy: async () => ({ Component: (await import('./overview')).default }),
              },
              {
                path: 'agents',
                lazy: async () => ({ Component: (await import('./agents')).default }),
              },
              {
                path: 'agents/:id',
                lazy: async () => ({ Component: (await import('./agent')).default }),
              },
              {
                path: 'agents/:id/conversations/:conversation?',
                lazy: async () => ({ Component: (await import('./conversations')).default }),
              },
              {
                path: 'tasks',
                lazy: async () => ({ Component: (await import('./tasks')).default }),
              },
              {
                path: 'tasks/:id',
                lazy: async () => ({ Component: (await import('./task')).default }),
              },
              {
                path: 'schedules',
                lazy: async () => ({ Component: (await import('./schedules')).default }),
              },
              {
                path: 'approvals',
                lazy: async () => ({ Component: (await import('./approvals')).default }),
              },
              {
                path: 'usage',
                lazy: async () => ({ Component: (await import('./usage')).default }),
              },
              {
                path: 'audit',
                lazy: async () => ({ Component: (await import('./audit')).default }),
              },
              { path: 'team', lazy: async () => ({ Component: (await import('./team')).default }) },
              { path: 'keys', lazy: async () => ({ Component: (await import('./keys')).default }) },
              {
                path: 'account',
                lazy: async () => ({ Component: (await import('./account')).default }),
              },
              {
                path: 'settings',
                lazy: async () => ({ Component: (await import('./settings')).default }),
              },
              {
                path: '*',
                lazy: async () => ({ Component: (await import('./notFound')).default }),
              },
            ],
          },
        ],
      },
    ],
  },
];

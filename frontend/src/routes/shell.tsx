import { type LoaderFunctionArgs, redirect } from 'react-router';
import { session } from '@/api/browserSession';
import { meQuery } from '@/api/me';
import { queryClient } from '@/api/query';
import { Shell } from '@/features/session/Shell';
import { useLiveEvents } from '@/features/session/useLiveEvents';
import { StoppedBanner } from '@/features/stops/StoppedBanner';

/** Lets signed-in users in and brings the others to the sign-in page. */
export async function loader({ request }: LoaderFunctionArgs) {
  if (!(await session.resume())) {
    const { pathname, search } = new URL(request.url);
    const next = pathname === '/' ? '' : `?${new URLSearchParams({ next: pathname + search })}`;
    return redirect(`/login${next}`);
  }
  await queryClient.ensureQueryData(meQuery);
  return null;
}

/** The frame around every signed-in page. */
export default function ShellRoute() {
  const live = useLiveEvents();
  return <Shell live={live} banner={<StoppedBanner />} />;
}

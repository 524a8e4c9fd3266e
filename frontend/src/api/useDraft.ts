import { useEffect, useState } from 'react';
import { session } from './browserSession';
import { type Draft, withEvent, withFrame } from './draft';
import { followEvents, pause } from './stream';

/** Watches a task until it is over; nothing while there is no task to watch. Returns the answer as it comes in. */
export function useDraft(task: string | null): Draft | null {
  const [draft, setDraft] = useState<Draft | null>(null);
  useEffect(() => {
    setDraft(null);
    if (task === null) return;
    const ending = new AbortController();
    // Never rejects: the follower answers failures by trying again.
    void followEvents(
      {
        fetch: (request) => session.fetch(request),
        url: (after) =>
          new URL(`/api/v1/tasks/${task}/stream?after=${after}`, window.location.origin).href,
        start: async () => 0,
        onEvent: (event) => setDraft((known) => withEvent(known, event)),
        onAside: (message) => setDraft((known) => withFrame(known, message)),
        onState: () => {},
        pause,
        random: Math.random,
      },
      ending.signal,
    );
    return () => ending.abort();
  }, [task]);
  return draft;
}

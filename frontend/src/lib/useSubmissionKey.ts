import { useRef } from 'react';
import { newKey } from './newKey';

/**
 * Gives the `Idempotency-Key` header of a form. The same content keeps its key, so that sending it
 * again after a lost answer does nothing twice; other content gets a new one.
 */
export function useSubmissionKey(): (body: unknown) => { 'Idempotency-Key': string } {
  const last = useRef({ content: '', key: '' });
  return (body) => {
    const content = JSON.stringify(body);
    if (last.current.content !== content) last.current = { content, key: newKey() };
    return { 'Idempotency-Key': last.current.key };
  };
}

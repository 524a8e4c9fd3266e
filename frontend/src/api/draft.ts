/** The answer of a task's model while it comes in. */
import type { Schemas } from './client';
import type { SseMessage } from './sse';
import type { CloudEvent } from './stream';

export type Draft = Schemas['DraftFrame'];

/** The draft after a frame that is no event: all of an answer, or what comes after what is known of it. */
export function withFrame(draft: Draft | null, { event, data }: SseMessage): Draft | null {
  const frame = readFrame(data);
  if (frame === null) return draft;
  if (event === 'draft') return frame;
  if (event !== 'delta' || draft?.call_id !== frame.call_id) return draft;
  return { ...frame, text: draft.text + frame.text };
}

/** The draft after an event: an attempt, and each call of the model, begins an answer of its own. */
export function withEvent(draft: Draft | null, { type }: Pick<CloudEvent, 'type'>): Draft | null {
  return type === 'task.step_started' || type === 'task.attempt_started' ? null : draft;
}

function readFrame(data: string): Draft | null {
  try {
    const frame: unknown = JSON.parse(data);
    return isDraft(frame) ? frame : null;
  } catch {
    return null;
  }
}

function isDraft(frame: unknown): frame is Draft {
  return (
    typeof frame === 'object' &&
    frame !== null &&
    'step' in frame &&
    typeof frame.step === 'number' &&
    'call_id' in frame &&
    typeof frame.call_id === 'string' &&
    'text' in frame &&
    typeof frame.text === 'string'
  );
}

import type { TaskType } from './queries';

/** The shapes of work with their names, the usual one first. */
export const taskTypes = {
  prompt: 'Prompt',
  text_processing: 'Text processing',
  api_call: 'API call',
  workflow: 'Workflow',
} satisfies Record<TaskType, string>;

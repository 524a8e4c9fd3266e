/** Priorities of tasks with their names, the most urgent first. */
export const priorities = [
  [5, 'Most urgent'],
  [4, 'High'],
  [3, 'Normal'],
  [2, 'Low'],
  [1, 'Lowest'],
] as const;

/** The priority's name. */
export function priorityName(priority: number): string {
  return priorities.find(([value]) => value === priority)?.[1] ?? String(priority);
}

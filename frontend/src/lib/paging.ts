/** How many rows a list shows at a time. */
export const PAGE_SIZE = 25;

/** Leaves out what is not asked for. */
export function asked<T extends object>(query: T): T {
  return Object.fromEntries(
    Object.entries(query).filter(([, value]) => value !== undefined && value !== ''),
  ) as T; // Only optional members are left out.
}

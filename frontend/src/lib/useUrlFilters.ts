import { useSearchParams } from 'react-router';

/** Filters and the place in a paged list, both kept in the address so that they can be shared. */
export interface UrlFilters<Name extends string> {
  values: Record<Name, string>;
  isFiltered: boolean;
  /** Sets one filter ('' removes it) and returns to the first page. */
  set: (name: Name, value: string) => void;
  clear: () => void;
  /** The cursor of the shown page; undefined on the first. */
  cursor: string | undefined;
  /** How many pages lie before the shown one. */
  pagesBefore: number;
  next: (cursor: string) => void;
  previous: () => void;
}

/** The parameter that holds the cursors walked so far, in order. */
const TRAIL = 'at';

/** Reads and writes the filters called `names` in the address. */
export function useUrlFilters<Name extends string>(names: readonly Name[]): UrlFilters<Name> {
  const [params, setParams] = useSearchParams();
  const trail = params.getAll(TRAIL);
  const values = Object.fromEntries(names.map((name) => [name, params.get(name) ?? ''])) as Record<
    Name,
    string
  >; // `fromEntries` forgets the keys it was given.

  function withTrail(cursors: readonly string[]): void {
    setParams((current) => {
      const next = new URLSearchParams(current);
      next.delete(TRAIL);
      for (const cursor of cursors) next.append(TRAIL, cursor);
      return next;
    });
  }

  return {
    values,
    isFiltered: names.some((name) => values[name] !== ''),
    set: (name, value) =>
      setParams(
        (current) => {
          const next = new URLSearchParams(current);
          next.delete(TRAIL);
          if (value === '') next.delete(name);
          else next.set(name, value);
          return next;
        },
        { replace: true },
      ),
    clear: () =>
      setParams(
        (current) => {
          const next = new URLSearchParams(current);
          for (const name of [TRAIL, ...names]) next.delete(name);
          return next;
        },
        { replace: true },
      ),
    cursor: trail.at(-1),
    pagesBefore: trail.length,
    next: (cursor) => withTrail([...trail, cursor]),
    previous: () => withTrail(trail.slice(0, -1)),
  };
}

/** The choice that the text names, if it names one; for values that come from an address. */
export function oneOf<T extends string>(choices: readonly T[], text: string): T | undefined {
  return choices.find((choice) => choice === text);
}

/** The keys of a table whose type is known exactly. */
export function keysOf<T extends string>(table: Readonly<Record<T, unknown>>): T[] {
  return Object.keys(table) as T[]; // `keys` widens to string; the table's type is exact.
}

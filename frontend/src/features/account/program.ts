/** Programs and systems that people know by name; the first that fits is taken. */
const programs: readonly (readonly [RegExp, string])[] = [
  [/Edg\//, 'Edge'],
  [/OPR\//, 'Opera'],
  [/Firefox\//, 'Firefox'],
  [/Chrom(e|ium)\//, 'Chrome'],
  [/Safari\//, 'Safari'],
  [/^curl\//, 'curl'],
];

const systems: readonly (readonly [RegExp, string])[] = [
  [/Android/, 'Android'],
  [/iPhone|iPad/, 'iOS'],
  [/Windows/, 'Windows'],
  [/Mac OS X/, 'macOS'],
  [/Linux/, 'Linux'],
];

/** "Firefox on Linux", out of what a program says of itself; its own words where it is not known. */
export function nameProgram(userAgent: string | null): string {
  if (userAgent === null) return 'An unknown program';
  const find = (table: typeof programs) => table.find(([pattern]) => pattern.test(userAgent))?.[1];
  const program = find(programs);
  const system = find(systems);
  if (program === undefined) return userAgent;
  return system === undefined ? program : `${program} on ${system}`;
}

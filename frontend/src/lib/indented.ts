/**
 * A JSON text with line breaks and indents, where it says the same then. Reading it may lose digits of large numbers and
 * all but the last of several members with one name; such a text stays as it is.
 */
export function indented(text: string): string {
  const value: unknown = JSON.parse(text);
  const withoutSpace = text.replace(/("(?:[^"\\]|\\.)*")|\s+/g, '$1');
  return JSON.stringify(value) === withoutSpace ? JSON.stringify(value, null, 2) : text;
}

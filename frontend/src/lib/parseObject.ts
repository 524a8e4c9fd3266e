export type JsonObject = Record<string, unknown>;

/** The object a text holds, or what keeps it from being one. Blank text is the empty object. */
export function parseObject(
  text: string,
): { ok: true; value: JsonObject } | { ok: false; fault: string } {
  if (text.trim() === '') return { ok: true, value: {} };
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value)
      ? { ok: true, value }
      : { ok: false, fault: 'A JSON object is needed, like {"key": "value"}.' };
  } catch (error) {
    const why = error instanceof Error ? error.message : 'unreadable';
    return { ok: false, fault: `Not JSON yet: ${why}` };
  }
}

/** The object of a text that a form has already checked; empty if it is none. */
export function objectOf(text: string): JsonObject {
  const parsed = parseObject(text);
  return parsed.ok ? parsed.value : {};
}

/** An object as text to edit; blank when it is empty. */
export function textOf(value: JsonObject): string {
  return Object.keys(value).length === 0 ? '' : JSON.stringify(value, null, 2);
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

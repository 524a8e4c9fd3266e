import { TextView } from './TextView';

/** A JSON value to read and copy. */
export function JsonView({ value, label }: { value: unknown; label: string }) {
  return <TextView text={JSON.stringify(value, null, 2)} label={label} />;
}

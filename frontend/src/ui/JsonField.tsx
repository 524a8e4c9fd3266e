import { useEffect, useRef } from 'react';
import { parseObject } from '@/lib/parseObject';
import { Field, type FieldProps } from './Field';
import { monospace } from './theme';

/** A JSON object as text. Text that is no object is told at once and keeps the form from sending. */
export function JsonField({ problem, ...field }: FieldProps) {
  const input = useRef<HTMLTextAreaElement>(null);
  const parsed = parseObject(field.value);
  const fault = parsed.ok ? '' : parsed.fault;
  useEffect(() => {
    input.current?.setCustomValidity(fault);
  }, [fault]);
  return (
    <Field
      {...field}
      multiline
      minRows={4}
      maxRows={16}
      inputRef={input}
      problem={problem ?? (fault === '' ? undefined : fault)}
      slotProps={{
        htmlInput: {
          spellCheck: false,
          autoCapitalize: 'off',
          style: { fontFamily: monospace, fontSize: '0.8125rem', lineHeight: 1.55 },
        },
      }}
    />
  );
}

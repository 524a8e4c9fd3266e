/** A parser of `text/event-stream`, fed piece by piece (WHATWG HTML, section 9.2.6). */

export interface SseMessage {
  /** The last `id:` seen on the stream; empty when none was. */
  id: string;
  event: string;
  data: string;
}

/** Returns a function that takes the next piece of text and returns the messages it completes. */
export function createSseParser(): (piece: string) => SseMessage[] {
  let rest = '';
  let isStart = true;
  let id = '';
  let event = '';
  let data: string[] = [];

  function take(line: string): SseMessage | null {
    if (line === '') {
      const message =
        data.length === 0 ? null : { id, event: event || 'message', data: data.join('\n') };
      event = '';
      data = [];
      return message;
    }
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    const raw = colon === -1 ? '' : line.slice(colon + 1);
    const value = raw.startsWith(' ') ? raw.slice(1) : raw;
    if (field === 'data') data.push(value);
    else if (field === 'event') event = value;
    else if (field === 'id' && !value.includes('\0')) id = value;
    return null;
  }

  return (piece) => {
    const fresh = isStart && piece.startsWith('\uFEFF') ? piece.slice(1) : piece;
    if (piece !== '') isStart = false;
    rest += fresh;
    const messages: SseMessage[] = [];
    for (;;) {
      const end = rest.search(/[\r\n]/);
      // A carriage return at the very end may be half of a CR LF: wait for the next piece.
      if (end === -1 || (rest[end] === '\r' && end === rest.length - 1)) return messages;
      const width = rest[end] === '\r' && rest[end + 1] === '\n' ? 2 : 1;
      const message = take(rest.slice(0, end));
      rest = rest.slice(end + width);
      if (message !== null) messages.push(message);
    }
  };
}

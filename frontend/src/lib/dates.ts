/** Times as people read them; the API speaks RFC 3339 in UTC. */

const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', year: 'numeric' });
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' });

/** A time by the clocks of a zone, with the day of the week; by one's own where the zone is not known. */
export function formatIn(time: string, timeZone: string): string {
  const parts = {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
  } as const;
  try {
    return new Intl.DateTimeFormat(undefined, { ...parts, timeZone }).format(new Date(time));
  } catch {
    return new Intl.DateTimeFormat(undefined, parts).format(new Date(time));
  }
}

export const formatDateTime = (time: string): string => full.format(new Date(time));
export const formatDay = (time: string): string => day.format(new Date(time));
export const formatClock = (time: string): string => clock.format(new Date(time));

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const WEEK = 7 * DAY;

/** "5 min ago", "in 2 days"; the day itself beyond a week. */
export function formatAgo(time: string, now: number): string {
  const seconds = Math.round((Date.parse(time) - now) / 1000);
  const distance = Math.abs(seconds);
  if (distance < 10) return 'just now';
  if (distance < MINUTE) return relative.format(seconds, 'second');
  if (distance < HOUR) return relative.format(Math.round(seconds / MINUTE), 'minute');
  if (distance < DAY) return relative.format(Math.round(seconds / HOUR), 'hour');
  if (distance < WEEK) return relative.format(Math.round(seconds / DAY), 'day');
  return formatDay(time);
}

/** The time between two moments: "320 ms", "4.2 s", "3 min 5 s", "2 h 10 min". */
export function formatSpan(from: string, to: string): string {
  const ms = Math.max(0, Date.parse(to) - Date.parse(from));
  if (ms < 1000) return `${ms} ms`;
  const seconds = ms / 1000;
  if (seconds < MINUTE) return `${seconds.toFixed(1)} s`;
  if (seconds < HOUR)
    return `${Math.floor(seconds / MINUTE)} min ${Math.floor(seconds % MINUTE)} s`;
  return `${Math.floor(seconds / HOUR)} h ${Math.floor((seconds % HOUR) / MINUTE)} min`;
}

/** What `<input type="datetime-local">` holds, as the API wants it; undefined when empty. */
export function fromLocalInput(value: string): string | undefined {
  const time = new Date(value);
  return value === '' || Number.isNaN(time.getTime()) ? undefined : time.toISOString();
}

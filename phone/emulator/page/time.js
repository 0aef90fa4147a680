/** Times as a phone shows them, in the reader's own language and zone; "now" is the line's, not the browser's. */

const hourMinute = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: "long" });
const dayMonth = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short" });
const fullDay = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });
const shortDay = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "numeric", year: "2-digit" });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });

/** Milliseconds the line's clock is ahead of the browser's: a twin's clock can be moved on. */
let ahead = 0;

/** Learn the line's present from an ISO 8601 text. */
export function setNow(iso) {
  ahead = Date.parse(iso) - Date.now();
}

/** The line's present. */
export const now = () => new Date(Date.now() + ahead);

const midnight = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();

/** Whole days from `date` to now, by the calendar: 0 today, 1 yesterday. */
const daysAgo = (date) => Math.round((midnight(now()) - midnight(date)) / 86_400_000);

const capital = (word) => word.charAt(0).toLocaleUpperCase() + word.slice(1);

export const clockTime = (date) => hourMinute.format(date);

/** The day and the time, apart: what stands between two stretches of talk. */
export function separator(date) {
  const ago = daysAgo(date);
  const time = hourMinute.format(date);
  if (ago === 0 || ago === 1) return { day: capital(relative.format(-ago, "day")), time };
  if (ago > 1 && ago < 7) return { day: weekday.format(date), time };
  return { day: (ago < 330 ? dayMonth : fullDay).format(date), time };
}

/** The few characters at the right of a row in the list. */
export function listTime(date) {
  const ago = daysAgo(date);
  if (ago <= 0) return hourMinute.format(date);
  if (ago === 1) return capital(relative.format(-1, "day"));
  return (ago < 7 ? weekday : shortDay).format(date);
}

/** How numbers and foreign text are written for a person. */

const mib = 2 ** 20;
const gib = 2 ** 30;

export function formatBytes(bytes: number): string {
  return bytes >= gib ? `${(bytes / gib).toFixed(2)} GiB` : `${(bytes / mib).toFixed(1)} MiB`;
}

/** `12.3 s`, `4 min 05 s`, `2 h 10 min`. */
export function formatSpan(spanMs: number): string {
  const seconds = Math.max(0, spanMs) / 1_000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${twoDigits(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${twoDigits(minutes % 60)} min`;
}

/** How long a guest stood still: `12 ms`, and above ten seconds as {@link formatSpan}. */
export function formatPause(pauseMs: number): string {
  return pauseMs < 10_000 ? `${Math.max(0, Math.round(pauseMs))} ms` : formatSpan(pauseMs);
}

/** `+0.402 s`: since the run began. */
export function formatOffset(offsetMs: number): string {
  return `+${(Math.max(0, offsetMs) / 1_000).toFixed(3)} s`;
}

/** `2026-11-20 17:20:03`, by the clock of this machine. */
export function formatMoment(atEpochMs: number): string {
  const at = new Date(atEpochMs);
  const day = [at.getFullYear(), at.getMonth() + 1, at.getDate()].map(twoDigits).join('-');
  return `${day} ${[at.getHours(), at.getMinutes(), at.getSeconds()].map(twoDigits).join(':')}`;
}

function twoDigits(value: number): string {
  return String(Math.floor(value)).padStart(2, '0');
}

/** What a daemon says must not move the cursor of a terminal. */
const controls = /[\p{Cc}\s]+/gu;

/** Text of any origin as one line. */
export function oneLine(text: string): string {
  return text.replace(controls, ' ').trim();
}

/** A word as a shell reads it back. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${oneLine(word).replaceAll("'", `'\\''`)}'`;
}

/** At most `columns` characters, with an ellipsis where something is missing. */
export function fit(text: string, columns: number): string {
  if (text.length <= columns) return text;
  return columns <= 3 ? text.slice(0, Math.max(0, columns)) : `${text.slice(0, columns - 3)}...`;
}

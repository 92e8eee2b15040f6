import { createHash } from 'node:crypto';

/**
 * The id of the run that belongs to an idempotency key: a UUID of version 8 (RFC 9562), of which the
 * first part is of whose key it is and the key, the rest of what was asked. So the run's own record is
 * what a retry finds, also after a restart, and a key that is used for something else is noticed.
 */
export function runIdFor(caller: string, key: string, asked: unknown): RunId {
  const ofKey = hexOf([caller, key]);
  const ofAsked = hexOf([canonical(asked)]);
  const beginning = `${ofKey.slice(0, 8)}-${ofKey.slice(8, 12)}-8${ofKey.slice(12, 15)}-`;
  const variant = (8 + (Number.parseInt(ofAsked.slice(0, 1), 16) % 4)).toString(16);
  return {
    id: `${beginning}${variant}${ofAsked.slice(1, 4)}-${ofAsked.slice(4, 16)}`,
    beginning,
  };
}

export interface RunId {
  readonly id: string;
  /** The part that is of the key alone. */
  readonly beginning: string;
}

function hexOf(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/** The same text for the same value, whatever the order of its fields. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

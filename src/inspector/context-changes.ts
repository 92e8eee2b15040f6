import type { ContextChange } from './frame.ts';

/** What became of a JSON value, at the innermost places that differ; a list that differs is told whole. */
export function contextChanges(
  before: unknown,
  after: unknown,
  path: readonly string[] = [],
): ContextChange[] {
  if (before === after) return [];
  if (!isRecord(before) || !isRecord(after))
    return JSON.stringify(before) === JSON.stringify(after) ? [] : [{ path, value: after }];
  const gone = Object.keys(before)
    .filter((name) => before[name] !== undefined && after[name] === undefined)
    .map((name): ContextChange => ({ path: [...path, name], gone: true }));
  const changed = Object.keys(after)
    .filter((name) => after[name] !== undefined)
    .flatMap((name) => contextChanges(before[name], after[name], [...path, name]));
  return [...gone, ...changed];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

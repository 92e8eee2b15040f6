import type { Charts } from './charts.ts';
import { tagsAt } from './charts.ts';
import type { Moment } from './story.ts';

export interface Span {
  readonly fromMs: number;
  /** `null`: it lasts. */
  readonly toMs: number | null;
}

/** How long a state was active. */
export interface StateSpan extends Span {
  readonly run: string;
  readonly machine: string;
  readonly path: string;
}

/** Every stay in every innermost state, in the order of its beginning. */
export function stateSpans(moments: readonly Moment[]): StateSpan[] {
  const spans: StateSpan[] = [];
  const open = new Map<string, number>();
  const close = (key: string, toMs: number): void => {
    const at = open.get(key);
    open.delete(key);
    const span = at === undefined ? undefined : spans[at];
    if (at !== undefined && span !== undefined) spans[at] = { ...span, toMs };
  };
  for (const { left, members, step } of moments) {
    for (const path of left) close(`${step.run} ${path}`, step.at);
    for (const { isOver, machine, run, states } of members.values())
      for (const path of states.keys()) {
        const key = `${run} ${path}`;
        if (isOver) close(key, step.at);
        else if (run === step.run && !open.has(key)) {
          open.set(key, spans.push({ run, machine, path, fromMs: step.at, toMs: null }) - 1);
        }
      }
  }
  return spans;
}

/** Since when and until when something held; a moment that is the last one leaves it open. */
export function spansWhere(moments: readonly Moment[], holds: (moment: Moment) => boolean): Span[] {
  const spans: Span[] = [];
  let fromMs: number | null = null;
  for (const moment of moments) {
    const now = holds(moment);
    if (now) fromMs ??= moment.step.at;
    else if (fromMs !== null) {
      spans.push({ fromMs, toMs: moment.step.at });
      fromMs = null;
    }
  }
  if (fromMs !== null) spans.push({ fromMs, toMs: null });
  return spans;
}

/**
 * When the guest stood still: by what the daemons told of it, which machines that count it keep in
 * their context; else by the tags of the states.
 */
export function downtimes(moments: readonly Moment[], charts: Charts): Span[] {
  const last = moments.at(-1);
  const told = [...(last?.members.values() ?? [])].flatMap(({ context }) => {
    const fromMs = context?.['suspendedAtEpochMs'] ?? context?.['stoppedAtEpochMs'];
    const toMs = context?.['resumedAtEpochMs'];
    if (typeof fromMs !== 'number') return [];
    return [{ fromMs, toMs: typeof toMs === 'number' && toMs >= fromMs ? toMs : null }];
  });
  const [first] = told;
  if (first !== undefined) {
    const isOver = [...(last?.members.values() ?? [])].every((member) => member.isOver);
    // It has ended without a word of when the guest went on.
    if (first.toMs !== null || !isOver) return [first];
  }
  return spansWhere(moments, (moment) => tagsAt(moment, charts).has('guestPaused'));
}

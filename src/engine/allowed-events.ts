import type { EventObject } from 'xstate';

import type { InboxAnswer } from '../ports/run-store.ts';
import type { ActiveRun } from './active-run.ts';
import { namesOf } from './entered-states.ts';

/**
 * Does the machine take this event now? Where it has children at work, what it takes it passes on, so
 * one of them must take it, too.
 *
 * @throws what a guard throws
 */
export function accepts(run: ActiveRun, event: EventObject): boolean {
  if (run.isFinished || !run.snapshot.can(event)) return false;
  return run.children.size === 0 || [...run.children.values()].some((one) => accepts(one, event));
}

/** Names of the events that the machine takes now, by its own transitions; not those of its actors. */
export function allowedEvents(run: ActiveRun): string[] {
  const names = new Set<string>();
  for (const node of run.snapshot._nodes)
    for (const name of node.transitions.keys())
      if (!name.startsWith('xstate.') && !name.includes('*')) names.add(name);
  return [...names].filter((type) => wouldAccept(run, { type })).toSorted();
}

/** A guard that asks for more than the event's name cannot be asked yet. */
function wouldAccept(run: ActiveRun, event: EventObject): boolean {
  try {
    return accepts(run, event);
  } catch {
    return true;
  }
}

/** What an operator is told who sends this event now. */
export function judge(run: ActiveRun, event: EventObject): InboxAnswer {
  const refusal = reasonAgainst(run, event);
  if (refusal === null) return { accepted: true };
  return { accepted: false, reason: refusal, allowed: allowedEvents(run) };
}

function reasonAgainst(run: ActiveRun, event: EventObject): string | null {
  try {
    if (accepts(run, event)) return null;
    return `${event.type} is not allowed in ${statesOf(run).join(', ')}`;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return `whether ${event.type} is allowed cannot be told: ${message}`;
  }
}

/** Innermost active states of a run and its children. */
export function statesOf(run: ActiveRun): string[] {
  return [...namesOf(run.snapshot), ...[...run.children.values()].flatMap(statesOf)];
}

/** Tags of everything that is active now, children included. */
export function tagsOf(run: ActiveRun): ReadonlySet<string> {
  const below = [...run.children.values()].flatMap((child) => [...tagsOf(child)]);
  return new Set([...run.snapshot.tags, ...below]);
}

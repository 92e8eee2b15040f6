import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { isMachine } from '../../src/diagrams/all-machines.ts';
import { statesWithin } from '../../src/diagrams/chart.ts';

/** What an actor name of a machine stands for. */
export type SlotKind = 'effect' | 'watch' | 'machine' | 'missing';

/** A part of a machine with the place where it stands. */
export interface Placed<Part> {
  readonly state: AnyStateNode;
  readonly part: Part;
}

export function statesOf(machine: AnyStateMachine): AnyStateNode[] {
  return statesWithin(machine.root);
}

function listed(value: unknown): unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

/** Invokes as they were written: XState fills in an id and a name where there is none. */
export function writtenInvokes(machine: AnyStateMachine): Placed<Record<string, unknown>>[] {
  return statesOf(machine).flatMap((state) =>
    listed(state.config.invoke).map((invoke) => ({ state, part: Object(invoke) })),
  );
}

function transitionsOf(state: AnyStateNode) {
  return [...[...state.transitions.values()].flat(), ...(state.always ?? [])];
}

export function guardsOf(machine: AnyStateMachine): Placed<unknown>[] {
  return statesOf(machine).flatMap((state) =>
    transitionsOf(state)
      .filter(({ guard }) => guard !== undefined)
      .map(({ guard }) => ({ state, part: guard })),
  );
}

/** Actions of transitions, of entry and of exit, as they were written. */
export function actionsOf(machine: AnyStateMachine): Placed<unknown>[] {
  return statesOf(machine).flatMap((state) =>
    [
      ...transitionsOf(state).flatMap(({ actions }) => [...actions]),
      ...listed(state.config.entry),
      ...listed(state.config.exit),
    ].map((part) => ({ state, part })),
  );
}

/** The name of a guard or an action; null where it is written in place. */
export function nameOf(part: unknown): string | null {
  if (typeof part === 'string') return part;
  if (typeof part !== 'object' || part === null) return null;
  return 'type' in part && typeof part.type === 'string' ? part.type : null;
}

/**
 * An effect's empty slot rejects and a watch's throws; both say the name under which it is bound.
 * The returned name is null for a machine and for what is missing.
 */
export async function slotOf(
  machine: AnyStateMachine,
  name: string,
): Promise<{ readonly kind: SlotKind; readonly ownName: string | null }> {
  const logic: unknown = machine.implementations.actors[name];
  if (isMachine(logic)) return { kind: 'machine', ownName: null };
  if (typeof logic !== 'object' || logic === null || !('config' in logic)) {
    return { kind: 'missing', ownName: null };
  }
  const start = logic.config;
  if (typeof start !== 'function') return { kind: 'missing', ownName: null };
  try {
    const pending: unknown = start({});
    const said: unknown = await Promise.resolve(pending).catch((error: unknown) => error);
    return { kind: 'effect', ownName: boundName(said) };
  } catch (error) {
    return { kind: 'watch', ownName: boundName(error) };
  }
}

function boundName(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  return /^slot (\w+) is not bound$/.exec(error.message)?.[1] ?? null;
}

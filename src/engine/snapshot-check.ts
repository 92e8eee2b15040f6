import type { AnyStateNode, StateValue } from 'xstate';
import { z } from 'zod';

import type { StoredRun } from '../ports/run-store.ts';
import type { RegisteredMachine } from './registry.ts';

const stateValue: z.ZodType<StateValue> = z.lazy(() =>
  z.union([z.string(), z.record(z.string(), stateValue)]),
);
const child = z.looseObject({
  src: z.string(),
  snapshot: z.looseObject({ status: z.enum(['active', 'done']) }),
});
const storedSnapshot = z.looseObject({
  status: z.literal('active'),
  value: stateValue,
  context: z.record(z.string(), z.unknown()),
  children: z.record(z.string(), child),
  historyValue: z.record(z.string(), z.array(z.object({ id: z.string() }))).optional(),
});
export type StoredSnapshot = z.infer<typeof storedSnapshot>;

/** Effects, watches and child machines that a snapshot has in flight, by invoke id. */
export type InFlight = readonly {
  readonly id: string;
  readonly src: string;
  readonly input: unknown;
}[];

export type SnapshotVerdict =
  | { readonly fits: true; readonly snapshot: StoredSnapshot; readonly inFlight: InFlight }
  | { readonly fits: false; readonly reasons: readonly string[] };

/**
 * Does a stored snapshot fit a machine of the same version? XState itself takes almost anything: it
 * drops a child that it does not know, completes a state that is too short, and forgets history.
 */
export function checkSnapshot(
  machine: RegisteredMachine,
  snapshot: unknown,
  { record: { entries, version }, timers }: StoredRun,
): SnapshotVerdict {
  const parsed = storedSnapshot.safeParse(snapshot);
  if (!parsed.success) return { fits: false, reasons: [z.prettifyError(parsed.error)] };
  const { value, children, historyValue = {} } = parsed.data;
  const reasons: string[] = [];
  const { root } = machine.stepper.machine;
  const active = activeNodes(root, value, reasons);
  if (reasons.length > 0) return { fits: false, reasons };
  const invokes = active.flatMap((node) => node.invoke);
  for (const { id, src } of invokes) {
    const known = children[id];
    if (known === undefined) reasons.push(`nothing is recorded of ${id}, which is at work there`);
    else if (known.src !== src) reasons.push(`${id} was ${known.src} and is ${srcName(src)} now`);
    // What an upgrade adds has never been entered.
    if (version === machine.version && (entries[id] ?? 0) < 1)
      reasons.push(`${id} was never counted as entered`);
  }
  for (const id of Object.keys(children))
    if (!invokes.some((invoke) => invoke.id === id))
      reasons.push(`${id} is recorded, and nothing there invokes it`);
  const ids = new Set(allNodes(root).map((node) => node.id));
  const remembered = Object.entries(historyValue).flatMap(([id, states]) => [
    id,
    ...states.map((state) => state.id),
  ]);
  for (const id of remembered) if (!ids.has(id)) reasons.push(`state ${id} of its history is gone`);
  const known = new Set(active.flatMap((node) => [...node.transitions.keys()]));
  for (const { event } of timers)
    if (!known.has(event.type)) reasons.push(`nothing there waits for its timer ${event.type}`);
  if (reasons.length > 0) return { fits: false, reasons };
  const inFlight = Object.entries(children).flatMap(([id, { src, snapshot: of }]) =>
    of.status === 'active' ? [{ id, src, input: of['input'] }] : [],
  );
  return { fits: true, snapshot: parsed.data, inFlight };
}

const srcName = (src: unknown): string => (typeof src === 'string' ? src : 'unnamed');

function allNodes(node: AnyStateNode): AnyStateNode[] {
  return [node, ...Object.values(node.states).flatMap(allNodes)];
}

/** The states that a value names, outermost first; what it leaves open or does not know is told. */
function activeNodes(node: AnyStateNode, value: unknown, reasons: string[]): AnyStateNode[] {
  const name = node.path.length === 0 ? 'the machine' : `state ${node.path.join('.')}`;
  const below = (key: string, rest: unknown): AnyStateNode[] => {
    const next = node.states[key];
    if (next !== undefined) return activeNodes(next, rest, reasons);
    reasons.push(`${name} has no state ${key}`);
    return [];
  };
  const regions = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  switch (node.type) {
    case 'compound':
      if (typeof value === 'string') return [node, ...below(value, undefined)];
      if (regions.length === 1)
        return [node, ...regions.flatMap(([key, rest]) => below(key, rest))];
      reasons.push(`${name} has states, and which one is active is not recorded`);
      return [];
    case 'parallel': {
      const keys = Object.keys(node.states);
      const missing = keys.filter((key) => !regions.some(([known]) => known === key));
      for (const key of missing) reasons.push(`nothing is recorded of region ${key} of ${name}`);
      return [node, ...regions.flatMap(([key, rest]) => below(key, rest))];
    }
    case 'history':
      reasons.push(`${name} cannot be active: it stands for another`);
      return [];
    default:
      if (value !== undefined && regions.length > 0) reasons.push(`${name} has no states any more`);
      return [node];
  }
}
